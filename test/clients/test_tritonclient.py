"""Triton's HTTP client, which sends no Content-Type at all."""

import itertools
import unittest

import numpy as np
import tritonclient.http as triton
from digits import URL
from tritonclient.utils import InferenceServerException

MODEL = "mnist-cnn"
DATATYPES = {
    "BOOL": bool,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}


def tensor(values, datatype="FP32", binary=True):
    given = triton.InferInput("input", values.shape, datatype)
    given.set_data_from_numpy(values, binary_data=binary)
    return [given]


class Triton(unittest.TestCase):
    def setUp(self):
        self.client = triton.InferenceServerClient(URL.removeprefix("http://"))
        self.values = np.random.default_rng(0).random((3, 1, 28, 28), dtype=np.float32)

    def tearDown(self):
        self.client.close()

    def test_server_and_models_are_ready(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready(MODEL))
        self.assertTrue(self.client.is_model_ready(MODEL, "1"))
        self.assertFalse(self.client.is_model_ready(MODEL, "2"))
        self.assertFalse(self.client.is_model_ready("nothing"))

    def test_metadata(self):
        self.assertIn("binary_tensor_data", self.client.get_server_metadata()["extensions"])
        metadata = self.client.get_model_metadata(f"{MODEL}--lrp")
        self.assertEqual(metadata["inputs"], [{"name": "input", "datatype": "FP32", "shape": [-1, 1, 28, 28]}])
        self.assertEqual([output["name"] for output in metadata["outputs"]], ["relevance", "prediction"])
        self.assertEqual(self.client.get_model_metadata(MODEL, "1")["versions"], ["1"])

    def test_json_and_binary_packed_or_not_give_the_same(self):
        expected = None
        packings = (None, "gzip", "deflate")
        for binary, there, back in itertools.product((False, True), packings, packings):
            outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("prediction", "relevance")]
            result = self.client.infer(
                f"{MODEL}--lrp",
                tensor(self.values, binary=binary),
                model_version="1",
                outputs=outputs,
                request_id="an id",
                parameters={"composite": "epsilon"},
                request_compression_algorithm=there,
                response_compression_algorithm=back,
            )
            response = result.get_response()
            self.assertEqual([response["id"], response["model_version"]], ["an id", "1"])
            self.assertEqual([output["name"] for output in response["outputs"]], ["prediction", "relevance"])
            relevance = result.as_numpy("relevance")
            self.assertEqual(relevance.shape, (3, 1, 28, 28))
            expected = relevance if expected is None else expected
            np.testing.assert_array_equal(relevance, expected)

    def test_every_datatype_means_the_same_numbers(self):
        ones = self.values > 0.5
        expected = self.client.infer(MODEL, tensor(ones.astype(np.float32))).as_numpy("scores")
        for datatype, numpy_type in DATATYPES.items():
            for binary in (True, False):
                if datatype == "FP16" and not binary:
                    continue  # The client itself refuses it.
                given = tensor(ones.astype(numpy_type), datatype, binary)
                np.testing.assert_array_equal(self.client.infer(MODEL, given).as_numpy("scores"), expected, datatype)

    def test_wrong_shapes_are_refused_with_the_right_one(self):
        for shape in ((3, 1, 28, 27), (1, 28, 28), (784,)):
            with self.assertRaises(InferenceServerException) as raised:
                self.client.infer(MODEL, tensor(np.zeros(shape, np.float32)))
            self.assertEqual(raised.exception.status(), "422")
            self.assertIn("[N, 1, 28, 28]", raised.exception.message())

    def test_unknown_models_and_outputs_are_refused(self):
        with self.assertRaisesRegex(InferenceServerException, "there is no model"):
            self.client.infer("nothing", tensor(self.values))
        with self.assertRaisesRegex(InferenceServerException, "prediction, scores"):
            self.client.infer(MODEL, tensor(self.values), outputs=[triton.InferRequestedOutput("output0")])

    def test_models_are_unloaded_and_loaded(self):
        name = "mnist-mlp"
        self.client.unload_model(name)
        self.assertFalse(self.client.is_model_ready(name))
        self.client.load_model(name)
        self.assertTrue(self.client.is_model_ready(name))
        states = {model["name"]: model["state"] for model in self.client.get_model_repository_index()}
        self.assertEqual(states[name], "READY")


if __name__ == "__main__":
    unittest.main()
