import { ImportFault, quoted } from '../faults.ts';
import { type Onnx, onnx } from './proto.ts';

const { AttributeType } = onnx.AttributeProto;

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [AttributeType.FLOAT]: 'a number',
  [AttributeType.INT]: 'an integer',
  [AttributeType.STRING]: 'a text',
  [AttributeType.TENSOR]: 'a tensor',
  [AttributeType.INTS]: 'a list of integers',
  [AttributeType.FLOATS]: 'a list of numbers',
};

/** The attributes of one node. Notes which were read, so that none is passed over. */
export class Attributes {
  private readonly byName: ReadonlyMap<string, Onnx.IAttributeProto>;
  private readonly unread: Set<string>;

  constructor(attributes: readonly Onnx.IAttributeProto[]) {
    this.byName = new Map(attributes.map((attribute) => [attribute.name ?? '', attribute]));
    this.unread = new Set(this.byName.keys());
  }

  int(name: string): number | undefined {
    const value = this.find(name, AttributeType.INT)?.i;
    return value === undefined || value === null ? undefined : Number(value);
  }

  float(name: string): number | undefined {
    return this.find(name, AttributeType.FLOAT)?.f ?? undefined;
  }

  ints(name: string): readonly number[] | undefined {
    return this.find(name, AttributeType.INTS)?.ints?.map(Number);
  }

  floats(name: string): readonly number[] | undefined {
    return this.find(name, AttributeType.FLOATS)?.floats ?? undefined;
  }

  text(name: string): string | undefined {
    const bytes = this.find(name, AttributeType.STRING)?.s;
    return bytes ? new TextDecoder().decode(bytes) : undefined;
  }

  tensor(name: string): Onnx.ITensorProto | undefined {
    return this.find(name, AttributeType.TENSOR)?.t ?? undefined;
  }

  /** Passes over attributes that change nothing outside training. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.unread.delete(name);
  }

  /** @throws ImportFault when there is an attribute that nobody asked for. */
  refuseUnread(): void {
    const [name] = this.unread;
    if (name !== undefined) throw new ImportFault(`the attribute ${quoted(name)} is not supported`);
  }

  private find(name: string, type: number): Onnx.IAttributeProto | undefined {
    const attribute = this.byName.get(name);
    this.unread.delete(name);
    if (attribute === undefined) return undefined;
    if (attribute.refAttrName) throw new ImportFault(`its attribute ${name} is a parameter of a function`);
    if ((attribute.type || type) !== type) throw new ImportFault(`its attribute ${name} must be ${TYPE_NAMES[type]}`);
    return attribute;
  }
}
