// An OpenAPI 3.1 document as a list of operations to read.

export interface Operation {
  method: string;
  path: string;
  summary: string;
  description: string;
  group: string;
  parameters: { name: string; in: string; required: boolean; description: string; schema: unknown }[];
  body: { type: string; schema: unknown; example: unknown } | null;
  answers: { status: string; description: string; schema: unknown }[];
}

type Json = Record<string, unknown>;

const METHODS = ["get", "post", "put", "patch", "delete"];
/** References within references that are followed. */
const DEEP = 4;

const object = (value: unknown): Json => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {});

/** Put what a reference names into its place, as deep as one reads. */
export function resolved(root: Json, value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((one) => resolved(root, one, depth));
  if (typeof value !== "object" || value === null) return value;
  const reference = (value as Json).$ref;
  if (typeof reference === "string" && reference.startsWith("#/")) {
    if (depth >= DEEP) return { $ref: reference };
    const found = reference
      .slice(2)
      .split("/")
      .reduce<unknown>((at, part) => object(at)[part.replaceAll("~1", "/").replaceAll("~0", "~")], root);
    return resolved(root, found, depth + 1);
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolved(root, one, depth)]));
}

export function operations(document: unknown): Operation[] {
  const root = object(document);
  const found: Operation[] = [];
  for (const [path, item] of Object.entries(object(root.paths))) {
    const shared = Array.isArray(object(item).parameters) ? (object(item).parameters as unknown[]) : [];
    for (const method of METHODS) {
      const operation = object(item)[method];
      if (!operation) continue;
      found.push(read(root, path, method, object(operation), shared));
    }
  }
  return found;
}

function read(root: Json, path: string, method: string, operation: Json, shared: unknown[]): Operation {
  const own = Array.isArray(operation.parameters) ? operation.parameters : [];
  const content = object(object(resolved(root, operation.requestBody)).content);
  const [type] = Object.keys(content);
  const body = type === undefined ? null : object(content[type]);
  const tags = Array.isArray(operation.tags) ? operation.tags.map(String) : [];
  return {
    method: method.toUpperCase(),
    path,
    summary: String(operation.summary ?? ""),
    description: String(operation.description ?? ""),
    group: tags[0] ?? path.split("/").slice(1, 3).join("/"),
    parameters: [...shared, ...own].map((one) => {
      const parameter = object(resolved(root, one));
      return {
        name: String(parameter.name ?? ""),
        in: String(parameter.in ?? ""),
        required: parameter.required === true,
        description: String(parameter.description ?? ""),
        schema: parameter.schema ?? null,
      };
    }),
    body: body && type !== undefined ? { type, schema: body.schema ?? null, example: body.example ?? null } : null,
    answers: Object.entries(object(operation.responses)).map(([status, answer]) => {
      const told = object(resolved(root, answer));
      const [kind] = Object.values(object(told.content));
      return { status, description: String(told.description ?? ""), schema: object(kind).schema ?? null };
    }),
  };
}
