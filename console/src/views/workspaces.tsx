// The operator's view: the workspaces of the stack.
import { useState } from "preact/hooks";
import { all, call, post, type Problem } from "../lib/api";
import { asProblem, useLoad, useNow, useTitle } from "../lib/hooks";
import { Button, Confirm, Dialog, Empty, Field, Heading, Loading, Notice, Switch, Tag, Time } from "../lib/ui";
import { plural } from "../lib/format";

interface Workspace {
  name: string;
  title: string;
  status: "active" | "disabled" | "deleted";
  created_at: string;
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export function Workspaces() {
  useTitle("Workspaces");
  const list = useLoad("workspaces", (signal) => all<Workspace>("/v1/admin/workspaces", 1000, signal));
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [asking, setAsking] = useState<{ what: "disable" | "delete"; name: string } | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [gone, setGone] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const now = useNow(15_000);
  const items = list.data ?? [];
  const deleted = items.filter((one) => one.status === "deleted").length;
  const shown = gone ? items : items.filter((one) => one.status !== "deleted");
  const act = async (name: string, what: () => Promise<unknown>): Promise<void> => {
    setBusy(name);
    setProblem(null);
    try {
      await what();
      list.again();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(null);
    }
  };
  return (
    <>
      <Heading title="Workspaces" sub="Tenants of this stack: each has its own endpoints, jobs and credentials.">
        <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
          New workspace
        </Button>
      </Heading>
      {problem && <Notice problem={problem} />}
      {list.problem && <Notice problem={list.problem} retry={list.again} />}
      {list.loading && <Loading what="workspaces" />}
      {list.data && (
        <div class="filters between">
          <span class="hint">{plural(items.length - deleted, "workspace")}</span>
          {deleted > 0 && (
            <label class="check">
              <input type="checkbox" checked={gone} onChange={(event) => setGone(event.currentTarget.checked)} />
              Show {deleted} deleted
            </label>
          )}
        </div>
      )}
      {list.data && shown.length === 0 && <Empty title="No workspace yet" />}
      {shown.length > 0 && (
        <ul class="rows workspaces">
          {shown.map((one) => (
            <li class={one.status === "active" ? "" : "off"} key={one.name}>
              <div class="row-main">
                <span class="address">{one.name}</span>
                <span class="faint">
                  {one.title && <>{one.title} · </>}
                  made <Time at={one.created_at} now={now} />
                </span>
              </div>
              <span class="row-tags">{one.status !== "active" && <Tag look="warned">{one.status}</Tag>}</span>
              <span class="row-end">
                {one.status === "disabled" && (
                  <Button kind="quiet" icon="trash" aria-label={`Delete ${one.name}`} onClick={() => setAsking({ what: "delete", name: one.name })} />
                )}
                {one.status !== "deleted" && (
                  <Switch
                    on={one.status === "active"}
                    label={`${one.name} lets its callers in`}
                    busy={busy === one.name}
                    onChange={(on) =>
                      on ? void act(one.name, () => post(`/v1/admin/workspaces/${encodeURIComponent(one.name)}/enable`)) : setAsking({ what: "disable", name: one.name })
                    }
                  />
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
      {making && (
        <Make
          onClose={() => setMaking(false)}
          onMade={(name) => {
            setMaking(false);
            setMade(name);
            list.again();
          }}
        />
      )}
      {made !== null && (
        <Dialog title={`${made} is made`} onClose={() => setMade(null)}>
          <div class="body">
            <p>Its first token is given to whoever may invoke the stack’s admin function in AWS, at a terminal:</p>
            <p class="secret">
              <code>flowport bootstrap --workspace {made}</code>
            </p>
            <p class="hint">With that token, sign in to it: the workspace’s name in the corner goes from one to another.</p>
          </div>
          <footer>
            <Button kind="primary" onClick={() => setMade(null)}>
              Close
            </Button>
          </footer>
        </Dialog>
      )}
      {asking?.what === "disable" && (
        <Confirm
          title={`Disable ${asking.name}?`}
          say={<p>Nobody is let in, from the very next request on, until it is enabled again. Runs that are under way go on.</p>}
          action="Disable it"
          danger
          onClose={() => setAsking(null)}
          onDo={() => act(asking.name, () => post(`/v1/admin/workspaces/${encodeURIComponent(asking.name)}/disable`))}
        />
      )}
      {asking?.what === "delete" && (
        <Confirm
          title={`Delete ${asking.name}?`}
          say={<p>Its endpoints, credentials, keys and secrets are removed for good. Its jobs stay until they expire; until then its name is not free.</p>}
          typed={asking.name}
          action="Delete the workspace"
          danger
          onClose={() => setAsking(null)}
          onDo={() => act(asking.name, () => call(`/v1/admin/workspaces/${encodeURIComponent(asking.name)}`, { method: "DELETE" }))}
        />
      )}
    </>
  );
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: (name: string) => void }) {
  const [name, setName] = useState("");
  const [title, setTitle] = useState("");
  const [tried, setTried] = useState(false);
  const [refused, setRefused] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const wrong = refused ?? (NAME.test(name) ? undefined : "has small letters, digits, - and _, and begins with a letter or digit");
  const make = async (): Promise<void> => {
    setTried(true);
    if (wrong) return;
    setBusy(true);
    setProblem(null);
    try {
      await call("/v1/admin/workspaces", { method: "POST", body: { name, title } });
      onMade(name);
    } catch (error) {
      const found = asProblem(error);
      const said = found.errors.find((one) => one.pointer === "/name")?.message ?? (found.status === 409 ? found.detail : undefined);
      setRefused(said);
      if (!said) setProblem(found);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title="New workspace" onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <div class="body">
          {problem && <Notice problem={problem} />}
          <Field label="Name" hint="Part of every token and of addresses; it cannot be changed" error={tried || name ? wrong : undefined}>
            {(about) => (
              <input
                {...about}
                type="text"
                autocomplete="off"
                spellcheck={false}
                value={name}
                onInput={(event) => {
                  setName(event.currentTarget.value);
                  setRefused(undefined);
                }}
              />
            )}
          </Field>
          <Field label="Title" hint="What people read; may be empty">
            {(about) => <input {...about} type="text" autocomplete="off" maxLength={256} value={title} onInput={(event) => setTitle(event.currentTarget.value)} />}
          </Field>
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
