import { describe, expect, it } from "vitest";
import { Problem } from "../src/lib/api";
import { check, documentOf, draftOf, fieldOf, NEW, refusals, type Draft } from "../src/lib/form";
import type { Endpoint } from "../src/lib/types";

const ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:quote";
const GOOD: Draft = { ...NEW, module: "billing", name: "quote", express_arn: ARN };
const ENDPOINT: Endpoint = {
  endpoint: "billing/quote",
  module: "billing",
  name: "quote",
  title: "Quotes",
  enabled: true,
  express_arn: ARN,
  standard_arn: null,
  mode: "sync",
  view: "output",
  methods: ["POST"],
  auth: ["token"],
  ip_allow: ["192.0.2.0/24", "2001:db8::/32"],
  log_group: null,
  time_limit: 20,
  keep_jobs_days: null,
  keep_payloads_days: 0,
  callback_url: null,
  callback_hosts: [],
  sample: { items: [] },
  aliases: ["v10:My API, renamed", "theeye:61f4"],
  http_headers: ["X-Cache"],
  cors: ["https://shop.example.com", "https://*"],
  parameters: [
    { name: "limit", task: "follow_1", type: "integer", default: 10 },
    { name: "note", required: true, default: null },
  ],
  dialects: {
    iolinker: { empty_output_is_none: false },
    phixflow: { output_name: "result", success_message: "Done", fail_message: null, timeout_ms: 5000, per_record: true, abandon_at_timeout: true, newer: 1 },
    theeye: { arguments: [{ name: "host", optional: false }] },
    another: { by: "a later release" },
  },
  newer: { than: "this page" },
  input_schema: { type: "object" },
  output_schema: null,
  output_mapping: "result",
  limits: { rate: { requests: 5, seconds: 10 } },
  version: 3,
  created_at: "2026-11-22T01:20:00.000Z",
  updated_at: "2026-11-22T01:20:00.000Z",
};

describe("the endpoint's form", () => {
  it("finds nothing wrong with a good draft", () => expect(check(GOOD)).toEqual({}));

  it("asks for a name and something to run", () =>
    expect(Object.keys(check(NEW)).sort()).toEqual(["express_arn", "module", "name"]));

  it.each<[keyof Draft, string]>([
    ["module", " billing"],
    ["name", ".."],
    ["name", "x".repeat(129)],
    ["title", "x".repeat(257)],
    ["express_arn", "quote"],
    ["ip_allow", "192.0.2.0/33"],
    ["ip_allow", "300.1.1.1"],
    ["time_limit", "0"],
    ["time_limit", "1.5"],
    ["keep_jobs_days", "x"],
    ["callback_url", "hooks.example.com"],
    ["callback_hosts", "https://hooks.example.com"],
    ["log_group", "/aws/lambda/x"],
    ["cors", "shop.example.com"],
    ["cors", "https://Shop.example.com"],
    ["cors", "https://shop.example.com/"],
    ["cors", "https://shop.example.com:443"],
    ["http_headers", "Set Cookie"],
    ["alias_nebulagraph", "q1"],
    ["alias_nebulagraph", "107"],
    ["alias_workfloplus", "wf-1"],
    ["sample", "{"],
    ["sample", JSON.stringify("x".repeat(8192))],
    ["rest", "[]"],
    ["input_schema", "[]"],
    ["output_schema", "{"],
    ["rate_requests", "0"],
    ["rate_seconds", "x"],
    ["concurrent", "-1"],
    ["concurrent", "1001"],
    ["rate_requests", "30001"],
    ["rest", "{"],
  ])("says what is wrong with %s = %s", (field, value) => expect(Object.keys(check({ ...GOOD, [field]: value }))).toEqual([field]));

  it("keeps no payload longer than its job", () =>
    expect(check({ ...GOOD, keep_jobs_days: "3", keep_payloads_days: "4" }).keep_payloads_days).toMatch(/longer/));

  it("says which parameter is not right, and what of it", () => {
    const row = { name: "a", task: "", type: "integer", required: false, default: "1" };
    const parameters = [row, row, { ...row, name: "" }, { ...row, name: "b", default: "x" }, { ...row, name: "c", default: "1.5" }, { ...row, name: "d", default: "null" }, { ...row, task: "t" }];
    expect(Object.keys(check({ ...GOOD, parameters }))).toEqual(["parameters/1/name", "parameters/2/name", "parameters/3/default", "parameters/4/default"]);
  });

  it("says what a family's promise needs of an Express machine alone", () => {
    expect(check({ ...GOOD, phixflow: true })).toHaveProperty("phixflow_abandon");
    expect(check({ ...GOOD, phixflow: true, phixflow_abandon: true })).toEqual({});
    expect(check({ ...GOOD, phixflow: true, standard_arn: ARN })).toEqual({});
    expect(check({ ...GOOD, alias_workfloplus: "wf", standard_arn: ARN, keep_payloads_days: "0" })).toHaveProperty("keep_payloads_days");
    expect(check({ ...GOOD, alias_nebulagraph: "107\n108", log_group: "/aws/vendedlogs/states/x" })).toEqual({});
  });

  it("gives back what it was given, whatever it has no field for", () => {
    const { endpoint: _e, enabled: _n, version: _v, created_at: _c, updated_at: _u, ...rest } = ENDPOINT;
    expect(documentOf(draftOf(ENDPOINT))).toEqual(rest);
  });

  it("writes an empty field as none", () => expect(documentOf(GOOD)).toMatchObject({ time_limit: null, standard_arn: null, ip_allow: [] }));

  it("finds the field of a violation", () => {
    expect(fieldOf("/ip_allow/0")).toBe("ip_allow");
    expect(fieldOf("/dialects/another")).toBe("rest");
    expect(fieldOf("/dialects/phixflow/timeout_ms")).toBe("phixflow_timeout");
    expect(fieldOf("/dialects/theeye/arguments/1/name")).toBe("theeye_arguments/1/name");
    expect(fieldOf("/parameters/2/default")).toBe("parameters/2/default");
    expect(fieldOf("/aliases/1", { ...GOOD, alias_v10: "a", alias_nebulagraph: "1\n2" })).toBe("alias_nebulagraph");
    expect(fieldOf("/cors/0")).toBe("cors");
    expect(fieldOf("/title")).toBe("title");
    expect(fieldOf("/newer")).toBe("rest");
    expect(fieldOf("/limits/rate/seconds")).toBe("rate_seconds");
    expect(fieldOf("/limits/concurrent")).toBe("concurrent");
  });

  it("says what the API refused at the field, and where in it", () => {
    const draft = { ...GOOD, ip_allow: "192.0.2.0/24\n192.0.2.1/24", alias_theeye: "61f4" };
    const said = (errors: { pointer: string; message: string }[], kind = "", detail = "") => refusals(new Problem(422, "", detail, errors, null, kind), draft);
    expect(said([{ pointer: "/ip_allow/1", message: "has bits" }])).toEqual({ ip_allow: "192.0.2.1/24 has bits" });
    expect(said([{ pointer: "/input_schema/properties/a", message: "is wrong" }])).toEqual({ input_schema: "/properties/a: is wrong" });
    expect(said([{ pointer: "/newer", message: "is not known" }])).toEqual({ rest: "/newer is not known" });
    expect(said([], "alias-taken", "The alias 'theeye:61f4' belongs to another")).toHaveProperty("alias_theeye");
    expect(said([], "endpoint-exists", "It exists")).toEqual({ name: "It exists" });
  });
});
