import { describe, expect, it } from "vitest";
import { check, documentOf, EMPTY, newPassword, patchOf, wishOf } from "../src/lib/grants";
import type { Credential } from "../src/lib/types";

const TOKEN: Credential = {
  id: "tok_1",
  name: "partner",
  scopes: ["run", "jobs:read"],
  endpoints: ["billing/quote"],
  created_at: "2026-11-22T01:20:00.000Z",
  expires_at: "2026-12-22T01:20:00.000Z",
  revoked_at: null,
  limits: { rate: { requests: 100, seconds: 60 }, concurrent: 5 },
};
const wish = wishOf(TOKEN);

describe("a change of a credential", () => {
  it("is nothing where nothing was changed", () => expect(patchOf("tokens", TOKEN, { ...wish, scopes: ["jobs:read", "run"] })).toEqual({}));
  it("names what was changed alone, and null for what is taken away", () => {
    expect(patchOf("tokens", TOKEN, { ...wish, requests: "500" })).toEqual({ limits: { rate: { requests: 500, seconds: 60 } } });
    expect(patchOf("tokens", TOKEN, { ...wish, requests: "", concurrent: " " })).toEqual({ limits: { rate: null, concurrent: null } });
    expect(patchOf("tokens", TOKEN, { ...wish, limited: false, end: "never" })).toEqual({ endpoints: null, expires_at: null });
    expect(patchOf("tokens", TOKEN, { ...wish, name: "their backend", end: "days", days: "90" })).toEqual({ name: "their backend", expires_in_days: 90 });
  });
  it("leaves a user's name as it is for good", () =>
    expect(patchOf("users", { ...TOKEN, roles: ["runner"] }, { ...wish, name: "other", roles: ["runner", "reader"] })).toEqual({ roles: ["runner", "reader"] }));
  it("asks for no password of a user that there is", () => {
    expect(check("users", { ...wish, limited: false, endpoints: [] }, true)).toEqual({});
    expect(check("tokens", { ...wish, end: "days" }, true)).toEqual({ days: "is needed" });
  });
});

describe("a new credential", () => {
  const new_ = { ...EMPTY, name: "ann", password: "short" };
  it("has a long password, or one that its user has had for long", () => {
    expect(check("users", new_)).toHaveProperty("password");
    expect(check("users", { ...new_, brought: true })).toEqual({});
    expect(check("users", { ...new_, brought: true, scopes: ["admin"] })).toHaveProperty("password");
    expect(documentOf("users", { ...new_, brought: true })).toMatchObject({ password: "short", brought: true });
    expect(documentOf("users", { ...new_, password: "long enough for all", brought: true })).not.toHaveProperty("brought");
  });
  it("is held to the bounds of the API's limits", () => {
    expect(check("tokens", { ...EMPTY, name: "a", concurrent: "1001" })).toHaveProperty("concurrent");
    expect(check("tokens", { ...EMPTY, name: "a", requests: "10", seconds: "" })).toHaveProperty("seconds");
  });
  it("may be a token that there is already, which administers nothing", () => {
    expect(check("tokens", { ...EMPTY, name: "a", value: "fp_x" })).toHaveProperty("value");
    expect(check("tokens", { ...EMPTY, name: "a", value: "secret", scopes: ["admin"] })).toHaveProperty("value");
    expect(documentOf("tokens", { ...EMPTY, name: "a", value: "secret" })).toMatchObject({ value: "secret" });
  });
  it("gets a password that is another each time", () => {
    expect(newPassword()).toMatch(/^[A-Za-z2-9]{20}$/);
    expect(newPassword()).not.toBe(newPassword());
  });
});
