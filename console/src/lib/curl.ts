// The same call as a line for the shell, in each family's words.
import type { Endpoint } from "./types";

export interface Line {
  dialect: string;
  label: string;
  text: string;
  note: string;
}

/** A text as one word for a POSIX shell. */
export const quoted = (text: string): string => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);


export interface Wish {
  mode: "own" | "wait" | "async";
  body: string;
}

const alias = (endpoint: Pick<Endpoint, "aliases">, kind: string): string | null =>
  endpoint.aliases.find((one) => one.startsWith(`${kind}:`))?.slice(kind.length + 1) ?? null;

export function lines(endpoint: Endpoint, workspace: string, base: string, wish: Wish): Line[] {
  const module = encodeURIComponent(endpoint.module);
  const name = encodeURIComponent(endpoint.name);
  const json = ["-H 'Content-Type: application/json'", `--data ${quoted(wish.body || "{}")}`];
  const bearer = `-H "Authorization: Bearer $FLOWPORT_TOKEN"`;
  const open = endpoint.auth.includes("none") && !endpoint.auth.includes("token");
  const secret = open ? [] : [bearer];
  const put = (...parts: string[]): string => parts.filter(Boolean).join(" \\\n     ");
  const url = (path: string): string => quoted(`${base}${path}`);
  const made: Line[] = [
    {
      dialect: "native",
      label: "Native",
      text: put(
        `curl -sS -X POST ${url(`/v1/run/${module}/${name}${open ? `?workspace=${workspace}` : ""}`)}`,
        ...secret,
        wish.mode === "async" ? "-H 'Prefer: respond-async'" : wish.mode === "wait" ? "-H 'Prefer: wait=20'" : "",
        ...json,
      ),
      note: "Flowport's own contract.",
    },
    {
      dialect: "iolinker",
      label: "iolinker",
      text: put(`curl -sS -X POST ${url(`/v1/api/${workspace}/${module}/${name}`)}`, open ? "" : `-H "token: $FLOWPORT_TOKEN"`, ...json),
      note: "Whether it waits is the endpoint's own mode.",
    },
    {
      dialect: "phixflow",
      label: "PhixFlow",
      text: put(`curl -sS -X POST ${url(`/${workspace}/api/1/action/${module}/${name}/trigger`)}`, ...secret, ...json),
      note: "With a signed API key (Credentials) or a user in the place of the token; the body is one record or an array of them.",
    },
    workfloplus(endpoint, workspace, url, put),
    theeye(endpoint, workspace, base, wish, put),
    nebulagraph(endpoint, url, put),
  ];
  return made;
}

type Put = (...parts: string[]) => string;
type Url = (path: string) => string;

function workfloplus(endpoint: Endpoint, workspace: string, url: Url, put: Put): Line {
  const id = alias(endpoint, "workfloplus");
  const document = {
    metadata: { clientJobId: "job-1", workflowId: id ?? "<workflow id>", jobTitle: endpoint.title || endpoint.name, status: "InProgress", metadata: {} },
    completedSteps: [],
    team: workspace,
  };
  return {
    dialect: "workfloplus",
    label: "WorkfloPlus",
    text: put(
      `curl -sS -X POST ${url("/jobs/v1/basicSync")}`,
      `-H "Authorization: Bearer $ACCESS_TOKEN"`,
      "-H 'Content-Type: application/json'",
      `--data ${quoted(JSON.stringify(document))}`,
    ),
    note: id
      ? "The access token comes from POST /connect/token with a client's id and secret."
      : "Needs an alias workfloplus:<workflow id> on the endpoint, and an access token from POST /connect/token.",
  };
}

function theeye(endpoint: Endpoint, workspace: string, base: string, wish: Wish, put: Put): Line {
  const id = alias(endpoint, "theeye");
  const task = id ?? encodeURIComponent(`${endpoint.module}.${endpoint.name}`);
  const asked = wish.mode === "async" ? "wait_result=true&" : "";
  return {
    dialect: "theeye",
    label: "TheEye",
    text: put(
      `curl -sS -X POST "${base}/${workspace}/task/${task}/job?${asked}access_token=$FLOWPORT_TOKEN"`,
      "-H 'Content-Type: application/json'",
      `--data ${quoted(JSON.stringify({ task_arguments: argumentsOf(wish.body) }))}`,
    ),
    note: "The workflow receives {\"task_arguments\": […]}, whatever the native input is.",
  };
}

function argumentsOf(body: string): unknown[] {
  try {
    const value: unknown = JSON.parse(body);
    const given = (value as { task_arguments?: unknown } | null)?.task_arguments;
    return Array.isArray(given) ? given : [];
  } catch {
    return [];
  }
}

function nebulagraph(endpoint: Endpoint, url: Url, put: Put): Line {
  const id = alias(endpoint, "nebulagraph");
  return {
    dialect: "nebulagraph",
    label: "NebulaGraph",
    text: put(
      `curl -sS -X POST ${url(`/api-open/v1/workflows/${id ?? "<workflow id>"}/jobs`)}`,
      `-H "Cookie: explorer_token=$EXPLORER_TOKEN"`,
      "-H 'Content-Type: application/json'",
      `--data ${quoted('{"input":{}}')}`,
    ),
    note: id
      ? "The cookie comes from POST /api-open/v1/connect with a user and a password."
      : "Needs an alias nebulagraph:<number> on the endpoint, and the cookie that POST /api-open/v1/connect sets.",
  };
}

