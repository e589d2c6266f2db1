import { useEffect, useMemo, useState } from "preact/hooks";
import { Problem, call, onRefusal, token, workspaceOf } from "./lib/api";
import { asProblem } from "./lib/hooks";
import { usePlace, type Place } from "./lib/router";
import { Button, Field, Icon, Link, Loading, Notice } from "./lib/ui";
import { Audit } from "./views/audit";
import { Credentials } from "./views/credentials";
import { EndpointPage } from "./views/endpoint";
import { EndpointForm } from "./views/endpoint-form";
import { Endpoints } from "./views/endpoints";
import { JobPage } from "./views/job";
import { Jobs } from "./views/jobs";
import { Overview } from "./views/overview";
import { Reference } from "./views/reference";

/** What the token may do here. */
export interface Rights {
  admin: boolean;
  jobs: boolean;
}

const THEME = "flowport.theme";

export function App() {
  const [signedIn, setSignedIn] = useState<string | null>(token.read);
  const [recalled] = useState(signedIn);
  const [rights, setRights] = useState<Rights | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const out = (why: Problem | null): void => {
    token.forget();
    setSignedIn(null);
    setRights(null);
    setProblem(why);
  };
  useEffect(() => onRefusal(() => out(new Problem(401, "Signed out", "The token is no longer taken. Sign in with another one."))), []);
  useEffect(() => {
    if (!signedIn || rights) return;
    rightsOf(signedIn).then(setRights, (error: unknown) => out(asProblem(error)));
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
        onToken={(value) => {
          setProblem(null);
          token.keep(value);
          setSignedIn(value);
        }}
      />
    );
  }
  return <Shell rights={rights} workspace={workspaceOf(signedIn) ?? ""} onSignOut={() => out(null)} />;
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
  const [admin, jobs] = await Promise.all([may("/v1/admin/endpoints?limit=1"), may("/v1/jobs?limit=1")]);
  if (!admin && !jobs) throw new Problem(403, "Not enough", "The token has none of the scopes admin, jobs:read and run.");
  return { admin, jobs };
}

function SignIn(props: { problem: Problem | null; busy: boolean; onToken: (value: string) => void }) {
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

function Shell(props: { rights: Rights; workspace: string; onSignOut: () => void }) {
  const place = usePlace();
  const at = place.segments[0] ?? (props.rights.admin ? "" : "jobs");
  const items = useMemo(
    () =>
      [
        ["", "Overview", "overview", props.rights.admin],
        ["endpoints", "Endpoints", "endpoints", props.rights.admin],
        ["jobs", "Jobs", "jobs", props.rights.jobs],
        ["credentials", "Credentials", "credentials", props.rights.admin],
        ["audit", "Audit", "audit", props.rights.admin],
        ["api", "API", "api", true],
      ] as const,
    [props.rights],
  );
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <aside class="side">
        <Link to="" class="brand" label="Flowport, overview">
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
          <div class="workspace">
            <span class="faint">Workspace</span>
            <strong>{props.workspace}</strong>
          </div>
          <Theme />
          <button type="button" class="button quiet icon-only" aria-label="Sign out" title="Sign out" onClick={props.onSignOut}>
            <Icon name="out" />
          </button>
        </div>
      </aside>
      <main id="main" tabIndex={-1}>
        <View place={place} at={at} rights={props.rights} />
      </main>
    </div>
  );
}

function View({ place, at, rights }: { place: Place; at: string; rights: Rights }) {
  const [, first, second, third] = place.segments;
  if (at === "jobs") return first ? <JobPage key={first} id={first} /> : <Jobs place={place} rights={rights} />;
  if (at === "api") return <Reference place={place} />;
  if (rights.admin) {
    if (at === "audit") return <Audit place={place} />;
    if (at === "") return <Overview place={place} />;
    if (at === "credentials") return <Credentials place={place} />;
    if (at === "endpoints") {
      if (first === "new" && !second) return <EndpointForm key="new" />;
      if (first && second) {
        const key = `${first}/${second}`;
        return third === "edit" ? (
          <EndpointForm key={key} module={first} name={second} />
        ) : (
          <EndpointPage key={key} module={first} name={second} at={third ?? "details"} />
        );
      }
      return <Endpoints place={place} />;
    }
  }
  return (
    <div class="empty">
      <h1>Nothing here</h1>
      <p>
        There is no such view, or the token does not open it. <Link to="">Back to the start</Link>
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
