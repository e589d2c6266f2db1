// What a new credential is asked for, and what is wrong with that.

export type Kind = "tokens" | "users" | "clients" | "api-keys";

export interface Wish {
  name: string;
  scopes: string[];
  roles: string[];
  limited: boolean;
  endpoints: string[];
  days: string;
  password: string;
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
  days: "",
  password: "",
  requests: "",
  seconds: "60",
  concurrent: "",
};

export type Errors = Partial<Record<keyof Wish, string>>;

const PASSWORD_AT_LEAST = 12;

const whole = (text: string, most: number): boolean => /^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= most;

export function check(kind: Kind, wish: Wish): Errors {
  const errors: Errors = {};
  if (!wish.name.trim()) errors.name = "is needed";
  else if (wish.name !== wish.name.trim()) errors.name = "must not begin or end with a space";
  else if (kind === "users" && /[/#:]/.test(wish.name)) errors.name = "must not contain / or # or :";
  const roles = kind === "users" || kind === "api-keys";
  if (!wish.scopes.length && !(roles && wish.roles.length)) errors.scopes = roles ? "a scope or a role is needed" : "one of them is needed";
  if (wish.limited && !wish.endpoints.length) errors.endpoints = "pick those that it may call";
  if (wish.limited && (wish.scopes.includes("admin") || wish.roles.includes("administrator")))
    errors.endpoints = "an administrator is one of the whole workspace";
  if (wish.days.trim() && !whole(wish.days, 3650)) errors.days = "must be a whole number from 1 to 3,650";
  if (kind === "users" && wish.password.length < PASSWORD_AT_LEAST) errors.password = `needs ${PASSWORD_AT_LEAST} characters`;
  if (wish.requests.trim() && !whole(wish.requests, 1_000_000)) errors.requests = "must be a whole number";
  if (wish.requests.trim() && !whole(wish.seconds, 86_400)) errors.seconds = "must be a whole number";
  if (wish.concurrent.trim() && !whole(wish.concurrent, 100_000)) errors.concurrent = "must be a whole number";
  return errors;
}

export function documentOf(kind: Kind, wish: Wish): Record<string, unknown> {
  const roles = kind === "users" || kind === "api-keys";
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
    ...(kind === "users" ? { password: wish.password } : {}),
    ...(Object.keys(limits).length ? { limits } : {}),
  };
}

export type Standing = "valid" | "expired" | "revoked";

export function standing(credential: { revoked_at: string | null; expires_at: string | null }, now: number): Standing {
  if (credential.revoked_at) return "revoked";
  return credential.expires_at && Date.parse(credential.expires_at) <= now ? "expired" : "valid";
}
