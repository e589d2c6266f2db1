// Calls to the API that this page belongs to. The token lives in the browser session's storage and nowhere else.

const KEY = "flowport.token";
const ALL = "flowport.tokens";

/** The page's own address, with a slash at its end: parts lie in its folder `assets`. */
export const consoleRoot = (): string =>
  import.meta.env.DEV ? "/console/" : new URL(/* @vite-ignore */ "..", import.meta.url).pathname;

/** What the API's paths begin with: the page's address without its last folder. */
export const apiRoot = (): string => consoleRoot().replace(/\/console\/$/, "");

/** The workspace in which the stack's operators are. */
export const OPERATORS = "_operator";

/** The token in use; `all` are those that this tab was signed in with, so that one can go from a workspace to another. */
export const token = {
  read: (): string | null => sessionStorage.getItem(KEY),
  keep: (value: string): void => {
    sessionStorage.setItem(ALL, JSON.stringify([...new Set([...token.all(), value])]));
    sessionStorage.setItem(KEY, value);
  },
  forget: (value: string): void => {
    sessionStorage.setItem(ALL, JSON.stringify(token.all().filter((one) => one !== value)));
    if (token.read() === value) sessionStorage.removeItem(KEY);
  },
  clear: (): void => {
    sessionStorage.removeItem(KEY);
    sessionStorage.removeItem(ALL);
  },
  all: (): string[] => {
    const current = token.read();
    const kept: unknown = JSON.parse(sessionStorage.getItem(ALL) ?? "[]");
    const others = Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string") : [];
    return [...new Set([...(current ? [current] : []), ...others])];
  },
};

/** The workspace that a token names, or null where it is none of Flowport's. */
export function workspaceOf(value: string): string | null {
  const match = /^fp_(.+)_[0-9A-Za-z]{36}$/.exec(value);
  return match?.[1] ?? null;
}

export interface Violation {
  pointer: string;
  message: string;
}

/** An answer that is no success: a problem document, or what there was in the place of one. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: Violation[] = [],
    readonly requestId: string | null = null,
    /** The last part of the problem's type, such as `alias-taken`. */
    readonly kind: string = "",
  ) {
    super(detail || title);
  }
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
  etag: string | null;
}

type Listener = () => void;
const listeners = new Set<Listener>();
/** Be told when the API has refused the token. */
export const onRefusal = (listener: Listener): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

interface Options {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  as?: string;
}

export async function call<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  const bearer = options.as ?? token.read();
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  const init: RequestInit = { method: options.method ?? "GET", headers, cache: "no-store", credentials: "omit" };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    headers["Content-Type"] ??= "application/json";
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(apiRoot() + path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "No answer", "The API did not answer. Check the connection and try again.");
  }
  const text = await response.text();
  const body = parse(text);
  if (!response.ok) {
    if (response.status === 401 && options.as === undefined) for (const listener of listeners) listener();
    throw problemOf(response, body);
  }
  return { status: response.status, headers: response.headers, body: body as T, etag: response.headers.get("ETag") };
}

export const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await call<T>(path, signal ? { signal } : {})).body;
export const post = async <T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T> =>
  (await call<T>(path, { method: "POST", ...(body === undefined ? {} : { body }), ...(headers ? { headers } : {}) })).body;

function parse(text: string): unknown {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function problemOf(response: Pick<Response, "status" | "statusText" | "headers">, body: unknown): Problem {
  const document = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const errors = Array.isArray(document.errors)
    ? document.errors.map((one: Record<string, unknown>) => ({
        pointer: String(one.pointer ?? ""),
        message: String(one.message ?? one.detail ?? ""),
      }))
    : [];
  return new Problem(
    response.status,
    String(document.title ?? (response.statusText || `HTTP ${response.status}`)),
    String(document.detail ?? (typeof body === "string" ? body.slice(0, 300) : "")),
    errors,
    response.headers.get("Flowport-Request-Id"),
    /[^/#:]*$/.exec(String(document.type ?? ""))?.[0] ?? "",
  );
}

/** Read all pages of a list, up to `most` items. */
export async function all<T>(path: string, most = 1000, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `${path}${path.includes("?") ? "&" : "?"}limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
    const page: { items: T[]; cursor?: string | null } = await get(query, signal);
    items.push(...page.items);
    cursor = page.cursor ?? null;
  } while (cursor && items.length < most);
  return items;
}

/** An endpoint's address as a path: its two parts, escaped as they are in `module/name`. */
export const endpointPath = (module: string, name: string): string =>
  `${encodeURIComponent(module)}/${encodeURIComponent(name)}`;
