import { type GraphQLLeafType, isEnumType } from 'graphql';
import { quote } from './json.ts';
import type { FieldShape, ObjectShape, ValueShape } from './shape.ts';
import { isInherited } from './tree.ts';
import { leafText, type Writer } from './write.ts';

const identifier = /^[_A-Za-z][_0-9A-Za-z]*$/;

/** A name as a string in code; names come from documents and schemas, and nothing else may get into code. */
function literal(name: string): string {
  if (!identifier.test(name)) throw new Error(`"${name}" is no GraphQL name`);
  return `"${name}"`;
}

/**
 * A writer made of generated code, one function for each shape: what is known of the operation is spelled out, so that
 * writing touches each value once and compares nothing that the schema has decided. Does what `composeWriter` does.
 */
export function generateWriter(shape: ObjectShape): Writer {
  const code = new Code();
  const root = code.object(shape);
  // oxlint-disable-next-line typescript/no-implied-eval, typescript/no-unsafe-call -- names are checked by `literal`, all else is ours
  return new Function('constants', 'quote', `"use strict";\n${code.functions.join('\n')}\nreturn ${root};`)(
    code.constants,
    quote,
  ) as Writer;
}

/** Where a null goes: the code that runs in its place. */
type OnNull = string;

class Code {
  readonly functions: string[] = [];
  readonly constants: unknown[] = [];
  readonly #names = new Map<ObjectShape, string>();
  #labels = 0;

  /** The name of the function that writes objects of a shape. */
  object(shape: ObjectShape): string {
    const known = this.#names.get(shape);
    if (known) return known;
    const name = `write${this.#names.size}`;
    this.#names.set(shape, name);
    const body = shape.fields.map((field, index) => this.#field(shape, field, index === 0)).join('');
    this.functions.push(`function ${name}(o,w){let r="{",v,t;${body}return r+"}"}`);
    return name;
  }

  #constant(value: unknown): string {
    return `constants[${this.constants.push(value) - 1}]`;
  }

  #field(parent: ObjectShape, field: FieldShape, first: boolean): string {
    // A JSON text in a JSON text: the code's string holds the label with its quotes.
    const label = JSON.stringify(`${first ? '' : ','}${literal(field.responseKey)}:`);
    switch (field.kind) {
      case 'typename':
        return parent.isAbstract ? 'return undefined;' : `r+=${label}+${JSON.stringify(literal(parent.typeName))};`;
      case 'introspection':
        return `r+=${label}+w.introspect(${this.#constant(field.nodes)});`;
      case 'closed':
      case 'hole':
        return `w.flawed=true;${field.nonNull ? 'return undefined;' : `r+=${label}+"null";`}`;
      case 'value': {
        const key = literal(field.dataKey);
        const read = isInherited(field.dataKey) ? `Object.hasOwn(o,${key})?o[${key}]:undefined` : `o[${key}]`;
        return `v=${read};${this.#value(field.value, 'v', 't', 'return undefined;', 0)}r+=${label}+t;`;
      }
    }
  }

  /** Code that sets `out` to the text of the value in `from`, or runs `up` when a null must go up. */
  #value(shape: ValueShape, from: string, out: string, up: OnNull, depth: number): string {
    const onNull = shape.nonNull ? `{${up}}` : `{${out}="null";}`;
    return `if(${from}==null)${shape.nonNull ? `{w.flawed=true;${up}}` : onNull}else{${this.#present(shape, from, out, onNull, depth)}}`;
  }

  #present(shape: ValueShape, from: string, out: string, onNull: OnNull, depth: number): string {
    const flawed = `{w.flawed=true;${onNull}}`;
    switch (shape.kind) {
      case 'leaf':
        return this.#leaf(shape.type, from, out, flawed);
      case 'list':
        return this.#list(shape.item, from, out, onNull, depth);
      case 'object':
        return `if(typeof ${from}!=="object"||Array.isArray(${from}))${flawed}else if((${out}=${this.object(shape.shape)}(${from},w))===undefined)${onNull}`;
      case 'abstract': {
        const unknown = shape.unknown
          ? `case ${literal(shape.typeName)}:case undefined:case null:${out}=${this.object(shape.unknown)}(${from},w);break;`
          : '';
        const cases = [...shape.byType].map(([name, one]) => `case ${literal(name)}:${out}=${this.object(one)}(${from},w);break;`);
        return `if(typeof ${from}!=="object"||Array.isArray(${from}))${flawed}else{switch(${from}.__typename){${cases.join('')}${unknown}default:w.flawed=true;${out}=undefined}if(${out}===undefined)${onNull}}`;
      }
    }
  }

  #list(item: ValueShape, from: string, out: string, onNull: OnNull, depth: number): string {
    const label = `list${this.#labels++}`;
    const [index, element, text, part] = ['i', 'e', 's', 'p'].map((name) => `${name}${depth}`) as [string, string, string, string];
    const write = this.#value(item, element, part, `${text}=undefined;break ${label};`, depth + 1);
    return `if(!Array.isArray(${from})){w.flawed=true;${onNull}}else{let ${text}="[",${part};${label}:for(let ${index}=0;${index}<${from}.length;${index}++){const ${element}=${from}[${index}];${write}${text}+=${index}===0?${part}:","+${part};}if(${text}===undefined)${onNull}else ${out}=${text}+"]";}`;
  }

  #leaf(type: GraphQLLeafType, from: string, out: string, flawed: OnNull): string {
    const name = isEnumType(type) ? 'enum' : type.name;
    switch (name) {
      case 'String':
        return `if(typeof ${from}==="string")${out}=quote(${from});else${flawed}`;
      case 'ID':
        return `if(typeof ${from}==="string")${out}=quote(${from});else if(Number.isInteger(${from}))${out}='"'+${from}+'"';else${flawed}`;
      case 'Int':
        return `if((${from}|0)===${from})${out}=""+${from};else${flawed}`;
      case 'Float':
        return `if(Number.isFinite(${from}))${out}=""+${from};else${flawed}`;
      case 'Boolean':
        return `if(typeof ${from}==="boolean")${out}=${from}?"true":"false";else${flawed}`;
      default:
        return `if((${out}=${this.#constant(leafText(type))}(${from}))===undefined)${flawed}`;
    }
  }
}
