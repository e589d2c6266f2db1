import { describe, expect, it } from "vitest";
import { problemOf, workspaceOf } from "../src/lib/api";
import { scaleOf, unitOf } from "../src/lib/chart";
import { lines, quoted } from "../src/lib/curl";
import { byTime, timesOf, totals } from "../src/lib/figures";
import { ago, duration } from "../src/lib/format";
import { check, documentOf, EMPTY, standing } from "../src/lib/grants";
import { operations, resolved } from "../src/lib/openapi";
import { placeOf } from "../src/lib/router";
import type { Endpoint, Point } from "../src/lib/types";

const TOKEN = "fp_default_ExampleTokenOfTheEventFiles12343H0tX";

describe("tokens", () => {
  it("name their workspace", () => expect(workspaceOf(TOKEN)).toBe("default"));
  it("may name a workspace with an underscore", () => expect(workspaceOf(TOKEN.replace("default", "my_team"))).toBe("my_team"));
  it.each(["", "fp_default_short", "xx_default_ExampleTokenOfTheEventFiles12343H0tX", `${TOKEN} `])("are not %j", (text) => expect(workspaceOf(text)).toBeNull());
});

describe("problems", () => {
  const headers = new Headers({ "Flowport-Request-Id": "abc=" });
  it("are read with their violations", () => {
    const problem = problemOf({ status: 422, statusText: "", headers }, { title: "T", detail: "D", errors: [{ pointer: "/name", message: "is needed" }] });
    expect(problem).toMatchObject({ status: 422, title: "T", detail: "D", errors: [{ pointer: "/name", message: "is needed" }], requestId: "abc=" });
  });
  it("are made of whatever there was", () => expect(problemOf({ status: 502, statusText: "Bad Gateway", headers: new Headers() }, "<html>")).toMatchObject({ title: "Bad Gateway", detail: "<html>" }));
});

describe("places", () => {
  it("are decoded segment by segment", () =>
    expect(placeOf("/prod/console/endpoints/a%2Fb/c%25d", "?q=1", "/prod/console/").segments).toEqual(["endpoints", "a/b", "c%d"]));
  it("are the start without anything more", () => expect(placeOf("/prod/console", "", "/prod/console/").segments).toEqual([]));
});

describe("curl lines", () => {
  const endpoint = { module: "billing", name: "a b", title: "", auth: ["token"], aliases: ["theeye:61f4", "nebulagraph:107"] } as unknown as Endpoint;
  const made = Object.fromEntries(lines(endpoint, "acme", "https://api.example/prod", { mode: "async", body: `{"it":"it's"}` }).map((line) => [line.dialect, line.text]));

  it("quote a text for the shell", () => expect(quoted("it's")).toBe(`'it'\\''s'`));
  it("are written for every dialect", () => expect(Object.keys(made)).toEqual(["native", "iolinker", "phixflow", "workfloplus", "theeye", "nebulagraph"]));
  it("say in the native contract what was chosen", () =>
    expect(made.native).toBe(
      `curl -sS -X POST https://api.example/prod/v1/run/billing/a%20b \\\n     -H "Authorization: Bearer $FLOWPORT_TOKEN" \\\n     -H 'Prefer: respond-async' \\\n     -H 'Content-Type: application/json' \\\n     --data '{"it":"it'\\''s"}'`,
    ));
  it("name the endpoint by its alias where a dialect does", () => {
    expect(made.theeye).toContain('"https://api.example/prod/acme/task/61f4/job?wait_result=true&access_token=$FLOWPORT_TOKEN"');
    expect(made.nebulagraph).toContain("/api-open/v1/workflows/107/jobs");
  });
  it("hold no token", () => expect(Object.values(made).join()).not.toMatch(/fp_/));
});

describe("figures", () => {
  const point = (at: string, calls: number, failures: number, p50: number | null): Point => ({ endpoint: "a/b", at, calls, failures, p50_ms: p50, p95_ms: p50 });
  const times = timesOf({ from: "2026-11-22T01:00:00.000Z", to: "2026-11-22T01:15:00.000Z", period: 300 });

  it("have a place for periods in which nothing was called", () => {
    const found = byTime(times, [point("2026-11-22T01:05:00.000Z", 2, 1, 10)]);
    expect(found).toEqual([null, { calls: 2, failures: 1, p50: 10, p95: 10 }, null]);
  });
  it("weigh percentiles by calls", () => expect(totals([point("x", 3, 0, 100), point("x", 1, 1, 500)])).toEqual({ calls: 4, failures: 1, p50: 200, p95: 200 }));
  it("know no latency of nothing", () => expect(totals([]).p50).toBeNull());
  it.each([
    [0, "ms"],
    [1_900, "ms"],
    [2_000, "s"],
    [119_000, "s"],
    [302_000, "min"],
    [8_000_000, "h"],
  ])("of %i ms are written in %s", (most, name) => expect(unitOf(most)[1]).toBe(name));
  it.each([
    [0, [0, 1]],
    [3, [0, 0.75, 1.5, 2.25, 3]],
    [10, [0, 3, 6, 9, 12]],
    [777, [0, 200, 400, 600, 800]],
  ])("are scaled to %s", (most, ticks) => {
    const scale = scaleOf(most);
    expect(scale[scale.length - 1]).toBeGreaterThanOrEqual(most);
    if (most !== 3) expect(scale).toEqual(ticks);
  });
});

describe("words", () => {
  it.each([
    [null, "–"],
    [212, "212 ms"],
    [1498, "1.50 s"],
    [61_000, "1 min 1 s"],
    [7_260_000, "2 h 1 min"],
  ])("say %s as %s", (ms, text) => expect(duration(ms)).toBe(text));
  it("say how long ago, and how soon", () => {
    const now = Date.parse("2026-11-22T01:00:00Z");
    expect([ago("2026-11-22T00:58:30Z", now), ago("2026-11-24T01:00:00Z", now), ago(null, now)]).toEqual(["1 min ago", "in 2 d", "never"]);
  });
});

describe("a new credential", () => {
  it("needs a name and something that it may do", () => expect(Object.keys(check("tokens", { ...EMPTY, scopes: [] })).sort()).toEqual(["name", "scopes"]));
  it("may have roles in the place of scopes, where there are roles", () => {
    const wish = { ...EMPTY, name: "ada", scopes: [], roles: ["reader"], password: "correct horse battery" };
    expect(check("users", wish)).toEqual({});
    expect(check("tokens", wish)).toHaveProperty("scopes");
  });
  it("is no administrator of some endpoints", () =>
    expect(check("tokens", { ...EMPTY, name: "x", scopes: ["admin"], limited: true, endpoints: ["a/b"] })).toHaveProperty("endpoints"));
  it("has a long password", () => expect(check("users", { ...EMPTY, name: "ada", password: "short" })).toHaveProperty("password"));
  it("is asked for in the API's words", () =>
    expect(documentOf("tokens", { ...EMPTY, name: "ci", limited: true, endpoints: ["a/b"], days: "30", roles: ["reader"] })).toEqual({
      name: "ci",
      scopes: ["run"],
      endpoints: ["a/b"],
      expires_in_days: 30,
    }));
  it("is over when it is revoked or has expired", () => {
    const now = Date.parse("2026-11-22T01:00:00Z");
    expect(standing({ revoked_at: null, expires_at: null }, now)).toBe("valid");
    expect(standing({ revoked_at: null, expires_at: "2026-11-22T01:00:00Z" }, now)).toBe("expired");
    expect(standing({ revoked_at: "2026-11-21T01:00:00Z", expires_at: null }, now)).toBe("revoked");
  });
});

describe("an OpenAPI document", () => {
  const document = {
    paths: {
      "/v1/run/a/b": {
        parameters: [{ $ref: "#/components/parameters/Wait" }],
        post: {
          tags: ["run"],
          summary: "Run a/b",
          requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/In" }, example: { n: 1 } } } },
          responses: { "200": { description: "The job", content: { "application/json": { schema: { type: "object" } } } }, "404": { $ref: "#/components/responses/Gone" } },
        },
      },
    },
    components: {
      parameters: { Wait: { name: "Prefer", in: "header", description: "How to wait" } },
      schemas: { In: { type: "object", properties: { n: { $ref: "#/components/schemas/Number" } } }, Number: { type: "number" }, Loop: { $ref: "#/components/schemas/Loop" } },
      responses: { Gone: { description: "Not there" } },
    },
  };
  it("is read with what its references name", () =>
    expect(operations(document)).toEqual([
      {
        method: "POST",
        path: "/v1/run/a/b",
        summary: "Run a/b",
        description: "",
        group: "run",
        parameters: [{ name: "Prefer", in: "header", required: false, description: "How to wait", schema: null }],
        body: { type: "application/json", schema: { type: "object", properties: { n: { type: "number" } } }, example: { n: 1 } },
        answers: [
          { status: "200", description: "The job", schema: { type: "object" } },
          { status: "404", description: "Not there", schema: null },
        ],
      },
    ]));
  it("may refer to itself", () => expect(JSON.stringify(resolved(document, document.components.schemas.Loop))).toContain("$ref"));
  it("may be nothing at all", () => expect(operations(null)).toEqual([]));
});
