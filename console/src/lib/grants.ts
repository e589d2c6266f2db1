// What a new credential is asked for, and what is wrong with that.

import { checkLimits } from "./form";
import type { Credential } from "./types";

export type Kind = "tokens" | "users" | "clients" | "api-keys";

export const KINDS: Record<Kind, { tab: string; one: string; secret: string; say: string }> = {
  tokens: { tab: "Tokens", one: "token", secret: "token", say: "Sent as Authorization: Bearer. For scripts, servers and this console." },
  users: { tab: "Users", one: "user", secret: "", say: "A name and a password, for people and for dialects that ask for them." },
  clients: { tab: "Clients", one: "client", secret: "client_secret", say: "An id and a secret that are exchanged for short-lived access tokens." },
  "api-keys": { tab: "API keys", one: "API key", secret: "api_key", say: "A signed token (JWT) that names its row, for dialects that ask for one." },
};
export const SCOPES = [
  ["run", "run: call endpoints"],
  ["jobs:read", "jobs:read: see all jobs"],
  ["jobs:write", "jobs:write: cancel, redrive, delete"],
  ["admin", "admin: everything here"],
] as const;
export const ROLES = [
  ["runner", "runner"],
  ["reader", "reader"],
  ["supervisor", "supervisor"],
  ["administrator", "administrator"],
] as const;

export const hasRoles = (kind: Kind): boolean => kind === "users" || kind === "api-keys";

/** What a credential is called where it is changed or revoked. */
export const nameOf = (kind: Kind, credential: Credential): string =>
  kind === "users" ? credential.name : kind === "clients" ? (credential.client_id ?? "") : (credential.id ?? "");

export interface Wish {
  name: string;
  scopes: string[];
  roles: string[];
  limited: boolean;
  endpoints: string[];
  /** When it ends: of one that there is already, `keep` leaves that as it is. */
  end: "keep" | "never" | "days";
  days: string;
  password: string;
  /** The password is one that its user has had for long, however short. */
  brought: boolean;
  /** A token that its holders have already; empty: one is made. */
  value: string;
  requests: string;
  seconds: string;
  concurrent: string;
}

export const EMPTY: Wish = {
  name: "",
  scopes: ["run"],
  roles: [],
  limited: false,
  endpoints: [],
  end: "days",
  days: "",
  password: "",
  brought: false,
  value: "",
  requests: "",
  seconds: "60",
  concurrent: "",
};

export type Errors = Partial<Record<keyof Wish, string>>;

export const PASSWORD_AT_LEAST = 12;

const whole = (text: string, most: number): boolean => /^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= most;

/** What is wrong with a wish; of one that there is already (`present`), its secret is not asked for. */
export function check(kind: Kind, wish: Wish, present = false): Errors {
  const errors: Errors = {};
  if (!wish.name.trim()) errors.name = "is needed";
  else if (wish.name !== wish.name.trim()) errors.name = "must not begin or end with a space";
  else if (kind === "users" && /[/#:]/.test(wish.name)) errors.name = "must not contain / or # or :";
  const roles = hasRoles(kind);
  if (!wish.scopes.length && !(roles && wish.roles.length)) errors.scopes = roles ? "a scope or a role is needed" : "one of them is needed";
  if (wish.limited && !wish.endpoints.length) errors.endpoints = "pick those that it may call";
  if (wish.limited && (wish.scopes.includes("admin") || wish.roles.includes("administrator")))
    errors.endpoints = "an administrator is one of the whole workspace";
  if (present && wish.end === "days" && !wish.days.trim()) errors.days = "is needed";
  if (wish.end === "days" && wish.days.trim() && !whole(wish.days, 3650)) errors.days = "must be a whole number from 1 to 3,650";
  const administers = wish.scopes.includes("admin") || wish.roles.includes("administrator");
  if (kind === "users" && !present) {
    const wrong = passwordProblem(wish.password, wish.brought);
    if (wrong) errors.password = wrong;
    else if (wish.brought && administers) errors.password = "of an administrator must not be one that can be guessed";
  }
  if (kind === "tokens" && wish.value) {
    if (!/^[!-~]([ -~]*[!-~])?$/.test(wish.value) || wish.value.startsWith("fp_")) errors.value = "must be visible ASCII characters that do not begin with fp_";
    else if (administers) errors.value = "that is brought along cannot have the scope admin";
  }
  return { ...errors, ...checkLimits(wish) };
}

export function passwordProblem(password: string, brought: boolean): string | undefined {
  if (!password) return "is needed";
  return password.length < PASSWORD_AT_LEAST && !brought ? `needs ${PASSWORD_AT_LEAST} characters` : undefined;
}

const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

/** A password that nobody guesses, without characters that are taken for one another. */
export function newPassword(length = 20): string {
  const random = crypto.getRandomValues(new Uint32Array(length));
  return [...random].map((value) => LETTERS[value % LETTERS.length]).join("");
}

export function documentOf(kind: Kind, wish: Wish): Record<string, unknown> {
  const roles = hasRoles(kind);
  const limits = {
    ...(wish.requests.trim() ? { rate: { requests: Number(wish.requests), seconds: Number(wish.seconds) } } : {}),
    ...(wish.concurrent.trim() ? { concurrent: Number(wish.concurrent) } : {}),
  };
  return {
    name: wish.name,
    scopes: wish.scopes,
    ...(roles && wish.roles.length ? { roles: wish.roles } : {}),
    ...(wish.limited ? { endpoints: wish.endpoints } : {}),
    ...(wish.days.trim() ? { expires_in_days: Number(wish.days) } : {}),
    ...(kind === "users" ? { password: wish.password, ...(wish.brought && wish.password.length < PASSWORD_AT_LEAST ? { brought: true } : {}) } : {}),
    ...(kind === "tokens" && wish.value ? { value: wish.value } : {}),
    ...(Object.keys(limits).length ? { limits } : {}),
  };
}

const rateOf = (wish: Wish): { requests: number; seconds: number } | null =>
  wish.requests.trim() ? { requests: Number(wish.requests), seconds: Number(wish.seconds) } : null;

export function wishOf(credential: Credential): Wish {
  return {
    ...EMPTY,
    name: credential.name,
    scopes: credential.scopes,
    roles: credential.roles ?? [],
    limited: credential.endpoints !== null,
    endpoints: credential.endpoints ?? [],
    end: "keep",
    requests: String(credential.limits?.rate?.requests ?? ""),
    seconds: String(credential.limits?.rate?.seconds ?? "60"),
    concurrent: String(credential.limits?.concurrent ?? ""),
  };
}

/** What is to be changed of a credential, as a merge patch: what was left as it is stays out of it. */
export function patchOf(kind: Kind, credential: Credential, wish: Wish): Record<string, unknown> {
  const start = wishOf(credential);
  const other = (one: unknown, another: unknown): boolean => JSON.stringify(one) !== JSON.stringify(another);
  const limits = {
    ...(other(rateOf(start), rateOf(wish)) ? { rate: rateOf(wish) } : {}),
    ...(start.concurrent !== wish.concurrent.trim() ? { concurrent: wish.concurrent.trim() ? Number(wish.concurrent) : null } : {}),
  };
  const endpoints = wish.limited ? wish.endpoints : null;
  return {
    ...(kind !== "users" && start.name !== wish.name ? { name: wish.name } : {}),
    ...(other([...start.scopes].sort(), [...wish.scopes].sort()) ? { scopes: wish.scopes } : {}),
    ...(hasRoles(kind) && other([...start.roles].sort(), [...wish.roles].sort()) ? { roles: wish.roles } : {}),
    ...(other(credential.endpoints, endpoints) ? { endpoints } : {}),
    ...(wish.end === "never" ? { expires_at: null } : wish.end === "days" ? { expires_in_days: Number(wish.days) } : {}),
    ...(Object.keys(limits).length ? { limits } : {}),
  };
}

export type Standing = "valid" | "expired" | "revoked";

export function standing(credential: { revoked_at: string | null; expires_at: string | null }, now: number): Standing {
  if (credential.revoked_at) return "revoked";
  return credential.expires_at && Date.parse(credential.expires_at) <= now ? "expired" : "valid";
}
