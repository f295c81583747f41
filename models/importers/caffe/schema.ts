import protobuf from 'protobufjs';

/**
 * What may stand in a prototxt, by the names and numbers of Caffe's own schema. Reserved names are accepted and dropped
 * unread: what only concerns training, and the parameters of layers that have no place in an explained network.
 */
const SCHEMA = `
syntax = "proto2";

enum Phase { TRAIN = 0; TEST = 1; }
enum Engine { DEFAULT = 0; CAFFE = 1; CUDNN = 2; }

message NetParameter {
  optional string name = 1;
  repeated string input = 3;
  repeated BlobShape input_shape = 8;
  repeated int32 input_dim = 4;
  repeated LayerParameter layer = 100;
  repeated V1LayerParameter layers = 2;
  reserved "force_backward", "state", "debug_info";
}

message BlobShape { repeated int64 dim = 1 [packed = true]; }

message NetStateRule {
  optional Phase phase = 1;
  optional int32 min_level = 2;
  optional int32 max_level = 3;
  repeated string stage = 4;
  repeated string not_stage = 5;
}

message LayerParameter {
  optional string name = 1;
  optional string type = 2;
  repeated string bottom = 3;
  repeated string top = 4;
  repeated NetStateRule include = 8;
  repeated NetStateRule exclude = 9;
  optional TransformationParameter transform_param = 100;
  optional ArgMaxParameter argmax_param = 103;
  optional BatchNormParameter batch_norm_param = 139;
  optional BiasParameter bias_param = 141;
  optional ClipParameter clip_param = 148;
  optional ConcatParameter concat_param = 104;
  optional ConvolutionParameter convolution_param = 106;
  optional CropParameter crop_param = 144;
  optional DropoutParameter dropout_param = 108;
  optional DummyDataParameter dummy_data_param = 109;
  optional EltwiseParameter eltwise_param = 110;
  optional ELUParameter elu_param = 140;
  optional ExpParameter exp_param = 111;
  optional FlattenParameter flatten_param = 135;
  optional InnerProductParameter inner_product_param = 117;
  optional InputParameter input_param = 143;
  optional LogParameter log_param = 134;
  optional LRNParameter lrn_param = 118;
  optional MemoryDataParameter memory_data_param = 119;
  optional PermuteParameter permute_param = 202;
  optional PoolingParameter pooling_param = 121;
  optional PowerParameter power_param = 122;
  optional PReLUParameter prelu_param = 131;
  optional ReLUParameter relu_param = 123;
  optional ReshapeParameter reshape_param = 133;
  optional ScaleParameter scale_param = 142;
  optional SigmoidParameter sigmoid_param = 124;
  optional SliceParameter slice_param = 126;
  optional SoftmaxParameter softmax_param = 125;
  optional SwishParameter swish_param = 147;
  optional TanHParameter tanh_param = 127;
  reserved "phase", "loss_weight", "param", "propagate_down", "loss_param", "accuracy_param", "contrastive_loss_param",
    "data_param", "embed_param", "hdf5_data_param", "hdf5_output_param", "hinge_loss_param", "image_data_param",
    "infogain_loss_param", "mvn_param", "parameter_param", "python_param", "recurrent_param", "reduction_param",
    "spp_param", "threshold_param", "tile_param", "window_data_param";
}

message V1LayerParameter {
  repeated string bottom = 2;
  repeated string top = 3;
  optional string name = 4;
  repeated NetStateRule include = 32;
  repeated NetStateRule exclude = 33;
  optional LayerType type = 5;
  optional ArgMaxParameter argmax_param = 23;
  optional ConcatParameter concat_param = 9;
  optional ConvolutionParameter convolution_param = 10;
  optional DropoutParameter dropout_param = 12;
  optional DummyDataParameter dummy_data_param = 26;
  optional EltwiseParameter eltwise_param = 24;
  optional ExpParameter exp_param = 41;
  optional InnerProductParameter inner_product_param = 17;
  optional LRNParameter lrn_param = 18;
  optional MemoryDataParameter memory_data_param = 22;
  optional PoolingParameter pooling_param = 19;
  optional PowerParameter power_param = 21;
  optional ReLUParameter relu_param = 30;
  optional SigmoidParameter sigmoid_param = 38;
  optional SliceParameter slice_param = 31;
  optional SoftmaxParameter softmax_param = 39;
  optional TanHParameter tanh_param = 37;
  optional TransformationParameter transform_param = 36;
  reserved "param", "blob_share_mode", "blobs_lr", "weight_decay", "loss_weight", "accuracy_param",
    "contrastive_loss_param", "data_param", "hdf5_data_param", "hdf5_output_param", "hinge_loss_param",
    "image_data_param", "infogain_loss_param", "mvn_param", "threshold_param", "window_data_param", "loss_param";

  enum LayerType {
    NONE = 0; ABSVAL = 35; ACCURACY = 1; ARGMAX = 30; BNLL = 2; CONCAT = 3; CONTRASTIVE_LOSS = 37; CONVOLUTION = 4;
    DATA = 5; DECONVOLUTION = 39; DROPOUT = 6; DUMMY_DATA = 32; EUCLIDEAN_LOSS = 7; ELTWISE = 25; EXP = 38; FLATTEN = 8;
    HDF5_DATA = 9; HDF5_OUTPUT = 10; HINGE_LOSS = 28; IM2COL = 11; IMAGE_DATA = 12; INFOGAIN_LOSS = 13;
    INNER_PRODUCT = 14; LRN = 15; MEMORY_DATA = 29; MULTINOMIAL_LOGISTIC_LOSS = 16; MVN = 34; POOLING = 17; POWER = 26;
    RELU = 18; SIGMOID = 19; SIGMOID_CROSS_ENTROPY_LOSS = 27; SILENCE = 36; SOFTMAX = 20; SOFTMAX_LOSS = 21; SPLIT = 22;
    SLICE = 33; TANH = 23; WINDOW_DATA = 24; THRESHOLD = 31;
  }
}

message FillerParameter {
  optional string type = 1;
  optional float value = 2;
  optional float min = 3;
  optional float max = 4;
  optional float mean = 5;
  optional float std = 6;
  optional int32 sparse = 7;
  optional VarianceNorm variance_norm = 8;
  enum VarianceNorm { FAN_IN = 0; FAN_OUT = 1; AVERAGE = 2; }
}

message TransformationParameter {
  optional float scale = 1;
  optional bool mirror = 2;
  optional uint32 crop_size = 3;
  optional string mean_file = 4;
  repeated float mean_value = 5;
  optional bool force_color = 6;
  optional bool force_gray = 7;
}

message ArgMaxParameter { optional bool out_max_val = 1; optional uint32 top_k = 2; optional int32 axis = 3; }

message BatchNormParameter {
  optional bool use_global_stats = 1;
  optional float moving_average_fraction = 2;
  optional float eps = 3;
}

message BiasParameter { optional int32 axis = 1; optional int32 num_axes = 2; optional FillerParameter filler = 3; }

message ClipParameter { optional float min = 1; optional float max = 2; }

message ConcatParameter { optional int32 axis = 2; optional uint32 concat_dim = 1; }

message ConvolutionParameter {
  optional uint32 num_output = 1;
  optional bool bias_term = 2;
  repeated uint32 pad = 3;
  repeated uint32 kernel_size = 4;
  repeated uint32 stride = 6;
  repeated uint32 dilation = 18;
  optional uint32 pad_h = 9;
  optional uint32 pad_w = 10;
  optional uint32 kernel_h = 11;
  optional uint32 kernel_w = 12;
  optional uint32 stride_h = 13;
  optional uint32 stride_w = 14;
  optional uint32 group = 5;
  optional FillerParameter weight_filler = 7;
  optional FillerParameter bias_filler = 8;
  optional Engine engine = 15;
  optional int32 axis = 16;
  optional bool force_nd_im2col = 17;
}

message CropParameter { optional int32 axis = 1; repeated uint32 offset = 2; }

message DropoutParameter { optional float dropout_ratio = 1; }

message DummyDataParameter {
  repeated FillerParameter data_filler = 1;
  repeated uint32 num = 2;
  repeated uint32 channels = 3;
  repeated uint32 height = 4;
  repeated uint32 width = 5;
  repeated BlobShape shape = 6;
}

message EltwiseParameter {
  optional EltwiseOp operation = 1;
  repeated float coeff = 2;
  optional bool stable_prod_grad = 3;
  enum EltwiseOp { PROD = 0; SUM = 1; MAX = 2; }
}

message ELUParameter { optional float alpha = 1; }

message ExpParameter { optional float base = 1; optional float scale = 2; optional float shift = 3; }

message FlattenParameter { optional int32 axis = 1; optional int32 end_axis = 2; }

message InnerProductParameter {
  optional uint32 num_output = 1;
  optional bool bias_term = 2;
  optional FillerParameter weight_filler = 3;
  optional FillerParameter bias_filler = 4;
  optional int32 axis = 5;
  optional bool transpose = 6;
}

message InputParameter { repeated BlobShape shape = 1; }

message LogParameter { optional float base = 1; optional float scale = 2; optional float shift = 3; }

message LRNParameter {
  optional uint32 local_size = 1;
  optional float alpha = 2;
  optional float beta = 3;
  optional NormRegion norm_region = 4;
  optional float k = 5;
  optional Engine engine = 6;
  enum NormRegion { ACROSS_CHANNELS = 0; WITHIN_CHANNEL = 1; }
}

message MemoryDataParameter {
  optional uint32 batch_size = 1;
  optional uint32 channels = 2;
  optional uint32 height = 3;
  optional uint32 width = 4;
}

message PermuteParameter { repeated uint32 order = 1; }

message PoolingParameter {
  optional PoolMethod pool = 1;
  optional uint32 pad = 4;
  optional uint32 pad_h = 9;
  optional uint32 pad_w = 10;
  optional uint32 kernel_size = 2;
  optional uint32 kernel_h = 5;
  optional uint32 kernel_w = 6;
  optional uint32 stride = 3;
  optional uint32 stride_h = 7;
  optional uint32 stride_w = 8;
  optional Engine engine = 11;
  optional bool global_pooling = 12;
  optional RoundMode round_mode = 13;
  enum PoolMethod { MAX = 0; AVE = 1; STOCHASTIC = 2; }
  enum RoundMode { CEIL = 0; FLOOR = 1; }
}

message PowerParameter { optional float power = 1; optional float scale = 2; optional float shift = 3; }

message PReLUParameter { optional FillerParameter filler = 1; optional bool channel_shared = 2; }

message ReLUParameter { optional float negative_slope = 1; optional Engine engine = 2; }

message ReshapeParameter { optional BlobShape shape = 1; optional int32 axis = 2; optional int32 num_axes = 3; }

message ScaleParameter {
  optional int32 axis = 1;
  optional int32 num_axes = 2;
  optional FillerParameter filler = 3;
  optional bool bias_term = 4;
  optional FillerParameter bias_filler = 5;
}

message SigmoidParameter { optional Engine engine = 1; }

message SliceParameter { optional int32 axis = 3; repeated uint32 slice_point = 2; optional uint32 slice_dim = 1; }

message SoftmaxParameter { optional Engine engine = 1; optional int32 axis = 2; }

message SwishParameter { optional float beta = 1; }

message TanHParameter { optional Engine engine = 1; }
`;

/** The type of a whole prototxt. */
export const NET_TYPE: protobuf.Type = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('NetParameter');
