// What a credential may do: of a new one, whose secret is shown once, and of one that there is already.
import { useMemo, useState } from "preact/hooks";
import { all, call, type Problem } from "../lib/api";
import { check, documentOf, EMPTY, hasRoles, KINDS, nameOf, patchOf, ROLES, SCOPES, wishOf, type Errors, type Kind, type Wish } from "../lib/grants";
import { asProblem, useLoad } from "../lib/hooks";
import type { Credential, Endpoint } from "../lib/types";
import { Button, Checks, Choices, Dialog, Field, Notice, Secrets, Time } from "../lib/ui";
import { NewPassword } from "./passwords";

export function CredentialForm({ kind, onClose, onMade }: { kind: Kind; onClose: () => void; onMade: () => void }) {
  const known = KINDS[kind];
  const roles = hasRoles(kind);
  const [wish, setWish] = useState<Wish>(roles ? { ...EMPTY, scopes: [], roles: ["runner"] } : EMPTY);
  const [touched, setTouched] = useState<Partial<Record<keyof Wish, boolean>>>({});
  const [refused, setRefused] = useState<Errors>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<Record<string, unknown> | null>(null);
  const errors: Errors = useMemo(() => check(kind, wish), [kind, wish]);
  const set = <K extends keyof Wish>(field: K, value: Wish[K]): void => {
    setWish((before) => ({ ...before, [field]: value }));
    setTouched((before) => ({ ...before, [field]: true }));
    setRefused((before) => ({ ...before, [field]: undefined }));
  };
  const wrong = (field: keyof Wish): string | undefined => refused[field] ?? (touched[field] ? errors[field] : undefined);
  const make = async (): Promise<void> => {
    setTouched(Object.fromEntries(Object.keys(wish).map((field) => [field, true])));
    if (Object.keys(errors).length) return;
    setBusy(true);
    setProblem(null);
    try {
      const answer = await call<Record<string, unknown>>(`/v1/admin/${kind}`, { method: "POST", body: documentOf(kind, wish) });
      setMade(answer.body);
      onMade();
    } catch (error) {
      const found = asProblem(error);
      setRefused(refusals(found));
      setProblem(found);
    } finally {
      setBusy(false);
    }
  };
  if (made) return <Made kind={kind} wish={wish} made={made} onClose={onClose} />;
  return (
    <Dialog title={`New ${known.one}`} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <div class="body">
          {problem && <Notice problem={problem} />}
          <Input wish={wish} set={set} wrong={wrong} field="name" label="Name" hint={kind === "users" ? "What the user signs in with" : "Who or what will use it"} />
          {kind === "users" && (
            <NewPassword
              value={wish.password}
              brought={wish.brought}
              error={wrong("password")}
              onChange={(password, brought) => {
                set("password", password);
                set("brought", brought);
              }}
            />
          )}
          {roles && <Checks legend="Roles" values={wish.roles} options={ROLES} onChange={(values) => set("roles", values)} />}
          <Checks legend="Scopes" error={wrong("scopes")} values={wish.scopes} options={SCOPES} onChange={(values) => set("scopes", values)} />
          <Reach wish={wish} set={set} wrong={wrong} error={errors.endpoints} />
          <Input wish={wish} set={set} wrong={wrong} field="days" label="Expires in days" hint="Empty: never" numeric />
          <details>
            <summary class="faint">Limits{kind === "tokens" ? ", or a token that there is already" : ""}</summary>
            <Limits wish={wish} set={set} wrong={wrong} />
            {kind === "tokens" && (
              <Input wish={wish} set={set} wrong={wrong} field="value" label="A token that its holders have already" hint="Empty: one is made, which cannot be guessed. Not for administrators" />
            )}
          </details>
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy}>
            Make it
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Change what there is: its secret stays, and nobody has to be given another. */
export function ChangeCredential({ kind, credential, onClose, onDone }: { kind: Kind; credential: Credential; onClose: () => void; onDone: (said: string) => void }) {
  const roles = hasRoles(kind);
  const [wish, setWish] = useState<Wish>(() => wishOf(credential));
  const [refused, setRefused] = useState<Errors>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const errors: Errors = useMemo(() => check(kind, wish, true), [kind, wish]);
  const patch = patchOf(kind, credential, wish);
  const nothing = Object.keys(patch).length === 0;
  const set = <K extends keyof Wish>(field: K, value: Wish[K]): void => {
    setWish((before) => ({ ...before, [field]: value }));
    setRefused((before) => ({ ...before, [field]: undefined }));
  };
  const wrong = (field: keyof Wish): string | undefined => refused[field] ?? errors[field];
  const part: Part = { wish, set, wrong };
  const change = async (): Promise<void> => {
    if (Object.keys(errors).length) return;
    setBusy(true);
    setProblem(null);
    try {
      await call(`/v1/admin/${kind}/${encodeURIComponent(nameOf(kind, credential))}`, { method: "PATCH", body: patch });
      onDone(`${wish.name} is changed; it holds from the very next request.`);
      onClose();
    } catch (error) {
      const found = asProblem(error);
      setRefused(refusals(found));
      setProblem(found);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Change ${credential.name}`} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        <div class="body">
          {problem && <Notice problem={problem} />}
          {kind !== "users" && <Input {...part} field="name" label="Name" hint="Who or what uses it" />}
          {roles && <Checks legend="Roles" values={wish.roles} options={ROLES} onChange={(values) => set("roles", values)} />}
          <Checks legend="Scopes" error={wrong("scopes")} values={wish.scopes} options={SCOPES} onChange={(values) => set("scopes", values)} />
          <Reach {...part} error={errors.endpoints} />
          <Choices
            legend="Expires"
            value={wish.end}
            options={[
              ["keep", "as it is"],
              ["never", "never"],
              ["days", "in days from now"],
            ]}
            onChange={(value) => set("end", value)}
          />
          {wish.end === "keep" && (
            <p class="hint">
              {credential.expires_at ? (
                <>
                  On <Time at={credential.expires_at} />
                </>
              ) : (
                "It never does"
              )}
            </p>
          )}
          {wish.end === "days" && <Input {...part} field="days" label="Days until it ends" hint="An API key’s end can only be brought forward" numeric />}
          <Limits {...part} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={nothing || Object.keys(errors).length > 0}>
            Change it
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

interface Part {
  wish: Wish;
  set: <K extends keyof Wish>(field: K, value: Wish[K]) => void;
  wrong: (field: keyof Wish) => string | undefined;
}

function Input(props: Part & { field: "name" | "days" | "requests" | "seconds" | "concurrent" | "value"; label: string; hint: string; numeric?: boolean }) {
  return (
    <Field label={props.label} hint={props.hint} error={props.wrong(props.field)}>
      {(about) => (
        <input
          {...about}
          type="text"
          autocomplete="off"
          spellcheck={false}
          inputMode={props.numeric ? "numeric" : undefined}
          value={props.wish[props.field]}
          onInput={(event) => props.set(props.field, event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function Limits(part: Part) {
  return (
    <div class="triple limits">
      <Input {...part} field="requests" label="Calls at most" hint="Empty: no limit" numeric />
      <Input {...part} field="seconds" label="in seconds" hint="The time they are counted in" numeric />
      <Input {...part} field="concurrent" label="Jobs at one time" hint="Empty: no limit" numeric />
    </div>
  );
}

/** The endpoints that a credential may call; one of them may be gone, and is shown all the same. */
export function Reach({ wish, set, wrong, error }: Part & { error: string | undefined }) {
  const endpoints = useLoad("endpoints to limit to", (signal) => all<Endpoint>("/v1/admin/endpoints", 500, signal));
  const [wanted, setWanted] = useState("");
  const names = [...new Set([...(endpoints.data ?? []).map((one) => one.endpoint), ...wish.endpoints])].sort();
  const shown = names.filter((name) => wish.endpoints.includes(name) || name.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <>
      <Choices
        legend="Endpoints"
        value={wish.limited ? "some" : "all"}
        options={[
          ["all", "all of the workspace"],
          ["some", "these alone"],
        ]}
        onChange={(value) => set("limited", value === "some")}
      />
      {wish.limited && (
        <>
          {names.length > 8 && <input type="search" aria-label="Filter endpoints" placeholder="Filter endpoints" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />}
          <Checks
            legend="It may call"
            error={wrong("endpoints") ?? (wish.endpoints.length ? error : undefined)}
            {...(endpoints.loading ? { hint: "Looking for endpoints…" } : {})}
            values={wish.endpoints}
            options={shown.map((name) => [name, name] as const)}
            onChange={(values) => set("endpoints", values)}
          />
        </>
      )}
    </>
  );
}

const FIELDS: Record<string, keyof Wish> = { expires_in_days: "days", expires_at: "days" };

function refusals(problem: Problem): Errors {
  const found: Errors = {};
  for (const { pointer, message } of problem.errors) {
    const [member = "", inner = "", last = ""] = pointer.replace(/^\//, "").split("/");
    const field = member === "limits" ? (inner === "concurrent" ? "concurrent" : last === "seconds" ? "seconds" : "requests") : (FIELDS[member] ?? member);
    if (field in EMPTY) found[field as keyof Wish] ??= message;
  }
  return found;
}

function Made({ kind, wish, made, onClose }: { kind: Kind; wish: Wish; made: Record<string, unknown>; onClose: () => void }) {
  const known = KINDS[kind];
  const text = (name: string): string => (typeof made[name] === "string" ? made[name] : "");
  const warnings = Array.isArray(made.warnings) ? made.warnings.map(String) : [];
  const items: [string, string][] =
    kind === "users" ? [["password", wish.password]] : [...(kind === "clients" ? ([["client id", text("client_id")]] as [string, string][]) : []), [known.one, text(known.secret) || wish.value]];
  return (
    <Secrets
      title={`${wish.name} is made`}
      items={items}
      say={
        <>
          Copy it now. It is shown this once: only its hash is kept.
          {kind === "users" && (
            <>
              {" "}
              Signs in as <code>workspace/{wish.name}</code>.
            </>
          )}
          {warnings.length > 0 && <> {warnings.join(" ")}</>}
        </>
      }
      onClose={onClose}
    />
  );
}
