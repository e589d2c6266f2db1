import { lazy, Suspense } from "preact/compat";
import { useEffect, useMemo, useState } from "preact/hooks";
import { OPERATORS, Problem, call, onRefusal, token, workspaceOf } from "./lib/api";
import { asProblem, useTitle } from "./lib/hooks";
import { go, usePlace, type Place } from "./lib/router";
import { Button, Dialog, Field, Icon, Link, Loading, Notice, Tag } from "./lib/ui";
import { EndpointPage } from "./views/endpoint";
import { Endpoints } from "./views/endpoints";
import { JobPage } from "./views/job";
import { Jobs } from "./views/jobs";
import { Overview } from "./views/overview";

// What is not opened every day is loaded when it is.
const Audit = lazy(() => import("./views/audit").then((part) => ({ default: part.Audit })));
const Credentials = lazy(() => import("./views/credentials").then((part) => ({ default: part.Credentials })));
const EndpointForm = lazy(() => import("./views/endpoint-form").then((part) => ({ default: part.EndpointForm })));
const Reference = lazy(() => import("./views/reference").then((part) => ({ default: part.Reference })));
const Workspaces = lazy(() => import("./views/workspaces").then((part) => ({ default: part.Workspaces })));

/** What the token may do here. */
export interface Rights {
  admin: boolean;
  jobs: boolean;
  operator: boolean;
}

const THEME = "flowport.theme";

export function App() {
  const [signedIn, setSignedIn] = useState<string | null>(token.read);
  const [recalled, setRecalled] = useState(signedIn);
  const [rights, setRights] = useState<Rights | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const enter = (value: string | null, why: Problem | null = null): void => {
    setSignedIn(value);
    setRights(null);
    setProblem(why);
  };
  /** The token in use is no good any more; others of this tab are left. */
  const refused = (why: Problem): void => {
    const used = token.read();
    if (used && [401, 403].includes(why.status)) token.forget(used);
    enter(null, why);
  };
  useEffect(() => onRefusal(() => refused(new Problem(401, "Signed out", "The token is no longer taken: it was revoked or has expired. Sign in with another one."))), []);
  useEffect(() => {
    if (!signedIn || rights) return;
    let asked = true;
    rightsOf(signedIn).then(
      (found) => asked && setRights(found),
      (error: unknown) => asked && refused(asProblem(error)),
    );
    return () => void (asked = false);
  }, [signedIn]);
  if (signedIn && !rights && signedIn === recalled) {
    return (
      <main class="sign-in">
        <Loading what="the console" />
      </main>
    );
  }
  if (!signedIn || !rights) {
    return (
      <SignIn
        problem={problem}
        busy={Boolean(signedIn)}
        kept={signedIn ? [] : token.all()}
        onToken={(value) => {
          token.keep(value);
          enter(value);
        }}
      />
    );
  }
  return (
    <Shell
      key={signedIn}
      rights={rights}
      used={signedIn}
      onSwitch={(value) => {
        token.keep(value);
        setRecalled(value);
        enter(value);
        go("");
      }}
      onSignOut={() => {
        token.clear();
        enter(null);
      }}
    />
  );
}

/** Ask the API what the token may do; a token that may do nothing here is a problem. */
async function rightsOf(value: string): Promise<Rights> {
  const may = async (path: string): Promise<boolean> => {
    try {
      await call(path, { as: value });
      return true;
    } catch (error) {
      if (error instanceof Problem && error.status === 403) return false;
      throw error;
    }
  };
  if (workspaceOf(value) === OPERATORS) {
    if (await may("/v1/admin/workspaces?limit=1")) return { admin: false, jobs: false, operator: true };
    throw new Problem(403, "Not enough", "The token has not the scope operator.");
  }
  const [admin, jobs] = await Promise.all([may("/v1/admin/endpoints?limit=1"), may("/v1/jobs?limit=1")]);
  if (!admin && !jobs) throw new Problem(403, "Not enough", "The token has none of the scopes admin, jobs:read and run.");
  return { admin, jobs, operator: false };
}

const calledIn = (value: string): string => {
  const name = workspaceOf(value) ?? "";
  return name === OPERATORS ? "Operators" : name;
};

function SignIn(props: { problem: Problem | null; busy: boolean; kept: string[]; onToken: (value: string) => void }) {
  const [value, setValue] = useState("");
  const text = value.trim();
  const wrong = text && !workspaceOf(text) ? "A token looks like fp_<workspace>_… and has no spaces." : undefined;
  useEffect(() => {
    document.title = "Sign in · Flowport";
  }, []);
  return (
    <main class="sign-in">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (text && !wrong) props.onToken(text);
        }}
      >
        <Mark size={44} />
        <h1>Flowport</h1>
        <p class="lead">Workflows as an API. Sign in with a token of your workspace.</p>
        {props.problem && <Notice problem={props.problem} />}
        {props.kept.length > 0 && (
          <div class="kept">
            <span class="faint">Go on in</span>
            {props.kept.map((one) => (
              <Button key={one} onClick={() => props.onToken(one)}>
                {calledIn(one)}
              </Button>
            ))}
          </div>
        )}
        <Field label="Token" error={wrong} hint="Kept for this browser tab alone, until you sign out or close it.">
          {(attributes) => (
            <input
              {...attributes}
              type="password"
              autocomplete="off"
              spellcheck={false}
              placeholder="fp_default_…"
              value={value}
              onInput={(event) => setValue(event.currentTarget.value)}
            />
          )}
        </Field>
        <Button kind="primary" type="submit" busy={props.busy} disabled={!text || Boolean(wrong)}>
          Sign in
        </Button>
        <p class="faint">
          The scope <code>admin</code> opens everything; <code>run</code> and <code>jobs:read</code> open the jobs. Make a token with{" "}
          <code>flowport tokens create</code>.
        </p>
      </form>
    </main>
  );
}

export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 10.5h6.5a4 4 0 0 1 4 4v3a4 4 0 0 0 4 4H24" />
      <circle cx="8.5" cy="10.5" r="2.9" />
      <circle cx="23.5" cy="21.5" r="2.9" />
    </svg>
  );
}

interface Signed {
  rights: Rights;
  used: string;
  onSwitch: (value: string) => void;
  onSignOut: () => void;
}

function Shell({ rights, used, onSwitch, onSignOut }: Signed) {
  const place = usePlace();
  const [choosing, setChoosing] = useState(false);
  const at = place.segments[0] ?? (rights.operator ? "workspaces" : rights.admin ? "" : "jobs");
  const items = useMemo(
    () =>
      [
        ["workspaces", "Workspaces", "workspaces", rights.operator],
        ["", "Overview", "overview", rights.admin],
        ["endpoints", "Endpoints", "endpoints", rights.admin],
        ["jobs", "Jobs", "jobs", rights.jobs],
        ["credentials", "Credentials", "credentials", rights.admin || rights.operator],
        ["audit", "Audit", "audit", rights.admin || rights.operator],
        ["api", "API", "api", true],
      ] as const,
    [rights],
  );
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // The address stays what it is: a fragment would be one more step of the back button.
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      <aside class="side">
        <Link to="" class="brand" label="Flowport, start">
          <Mark />
          <span>Flowport</span>
        </Link>
        <nav aria-label="Views">
          {items
            .filter(([, , , allowed]) => allowed)
            .map(([to, label, icon]) => (
              <Link to={to} current={at === to}>
                <Icon name={icon} />
                <span>{label}</span>
              </Link>
            ))}
        </nav>
        <div class="who">
          <button type="button" class="workspace" aria-haspopup="dialog" title="Go to another workspace" onClick={() => setChoosing(true)}>
            <span class="faint">Workspace</span>
            <strong>{calledIn(used)}</strong>
          </button>
          <Theme />
          <button type="button" class="button quiet icon-only" aria-label="Sign out" title="Sign out" onClick={onSignOut}>
            <Icon name="out" />
          </button>
        </div>
      </aside>
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<Loading what="the view" />}>
          <View place={place} at={at} rights={rights} />
        </Suspense>
      </main>
      {choosing && <Choose used={used} onSwitch={onSwitch} onClose={() => setChoosing(false)} />}
    </div>
  );
}

/** The workspaces that this tab is signed in to, and a field for the token of another. */
function Choose({ used, onSwitch, onClose }: { used: string; onSwitch: (value: string) => void; onClose: () => void }) {
  const [kept, setKept] = useState(token.all);
  const [value, setValue] = useState("");
  const text = value.trim();
  const wrong = text && !workspaceOf(text) ? "A token looks like fp_<workspace>_… and has no spaces." : undefined;
  return (
    <Dialog title="Workspaces" onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (text && !wrong) onSwitch(text);
        }}
      >
        <div class="body">
          <ul class="rows signed">
            {kept.map((one) => (
              <li key={one}>
                <span class="row-main">
                  <span class="address">{calledIn(one)}</span>
                  <code class="faint">…{one.slice(-6)}</code>
                </span>
                <span class="row-end">
                  {one === used ? (
                    <Tag look="sync">in use</Tag>
                  ) : (
                    <>
                      <Button
                        kind="quiet"
                        aria-label={`Forget the token of ${calledIn(one)}`}
                        onClick={() => {
                          token.forget(one);
                          setKept(token.all());
                        }}
                      >
                        Forget
                      </Button>
                      <Button aria-label={`Go there: ${calledIn(one)}`} onClick={() => onSwitch(one)}>
                        Go there
                      </Button>
                    </>
                  )}
                </span>
              </li>
            ))}
          </ul>
          <Field label="Token of another workspace" error={wrong} hint="Kept beside the others, for this tab alone.">
            {(about) => <input {...about} type="password" autocomplete="off" spellcheck={false} value={value} onInput={(event) => setValue(event.currentTarget.value)} />}
          </Field>
        </div>
        <footer>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" type="submit" disabled={!text || Boolean(wrong)}>
            Sign in to it
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

function View({ place, at, rights }: { place: Place; at: string; rights: Rights }) {
  const [, first, second, third] = place.segments;
  if (at === "api") return <Reference place={place} />;
  if (at === "jobs" && rights.jobs) return first ? <JobPage key={first} id={first} rights={rights} /> : <Jobs place={place} rights={rights} />;
  if (rights.operator) {
    if (at === "workspaces") return <Workspaces />;
    if (at === "credentials") return <Credentials place={place} operator />;
  }
  if (at === "audit" && (rights.admin || rights.operator)) return <Audit place={place} />;
  if (rights.admin) {
    if (at === "") return <Overview place={place} rights={rights} />;
    if (at === "credentials") return <Credentials place={place} />;
    if (at === "endpoints") {
      if (first === "new" && !second) return <EndpointForm key="new" />;
      if (first && second) {
        const key = `${first}/${second}`;
        return third === "edit" ? (
          <EndpointForm key={key} module={first} name={second} />
        ) : (
          <EndpointPage key={key} module={first} name={second} at={third ?? "details"} rights={rights} />
        );
      }
      if (!first) return <Endpoints place={place} />;
    }
  }
  return <Nowhere known={KNOWN.has(at)} />;
}

const KNOWN = new Set(["", "jobs", "workspaces", "credentials", "audit", "endpoints"]);

function Nowhere({ known }: { known: boolean }) {
  useTitle(known ? "Not for this token" : "Nothing here");
  return (
    <div class="empty">
      <h1>{known ? "Not for this token" : "Nothing here"}</h1>
      <p>
        {known ? "The token in use does not open this view: its scopes do not reach so far. Sign in with another one, or go " : "There is no such view. Go "}
        <Link to="">back to the start</Link>.
      </p>
    </div>
  );
}

function Theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const [chosen, setChosen] = useState(() => document.documentElement.dataset.theme ?? (dark ? "dark" : "light"));
  const other = chosen === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      class="button quiet icon-only"
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
      onClick={() => {
        document.documentElement.dataset.theme = other;
        localStorage.setItem(THEME, other);
        setChosen(other);
      }}
    >
      <Icon name={other === "dark" ? "moon" : "sun"} />
    </button>
  );
}

/** Take the theme that was chosen before; without one, the system's is used. */
export function recallTheme(): void {
  const chosen = localStorage.getItem(THEME);
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
