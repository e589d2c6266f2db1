import { describe, expect, it } from "vitest";
import { check, documentOf, draftOf, fieldOf, NEW, type Draft } from "../src/lib/form";
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
  aliases: ["theeye:61f4"],
  http_headers: ["X-Cache"],
  dialects: { theeye: {} },
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
    ["aliases", "61f4"],
    ["sample", "{"],
    ["sample", JSON.stringify("x".repeat(8192))],
    ["rest", "[]"],
    ["input_schema", "[]"],
    ["output_schema", "{"],
    ["rate_requests", "0"],
    ["rate_seconds", "x"],
    ["concurrent", "-1"],
    ["rest", "{"],
  ])("says what is wrong with %s = %s", (field, value) => expect(Object.keys(check({ ...GOOD, [field]: value }))).toEqual([field]));

  it("keeps no payload longer than its job", () =>
    expect(check({ ...GOOD, keep_jobs_days: "3", keep_payloads_days: "4" }).keep_payloads_days).toMatch(/longer/));

  it("gives back what it was given, whatever it has no field for", () => {
    const { endpoint: _e, enabled: _n, version: _v, created_at: _c, updated_at: _u, ...rest } = ENDPOINT;
    expect(documentOf(draftOf(ENDPOINT))).toEqual(rest);
  });

  it("writes an empty field as none", () => expect(documentOf(GOOD)).toMatchObject({ time_limit: null, standard_arn: null, ip_allow: [] }));

  it("finds the field of a violation", () => {
    expect(fieldOf("/ip_allow/0")).toBe("ip_allow");
    expect(fieldOf("/dialects/phixflow")).toBe("rest");
    expect(fieldOf("/limits/rate/seconds")).toBe("rate_seconds");
    expect(fieldOf("/limits/concurrent")).toBe("concurrent");
  });
});
