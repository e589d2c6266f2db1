// What signs: the keys of signed tokens, and the secrets of callbacks. Two of each are valid while one is exchanged.
import { useState } from "preact/hooks";
import { call, get, post, type Problem } from "../lib/api";
import { asProblem, useLoad, useNow } from "../lib/hooks";
import { Button, Confirm, Dialog, Empty, Field, Loading, Notice, Said, Secrets, Tag, Time } from "../lib/ui";

interface SigningKey {
  alias: string;
  created_at: string | null;
  previous_created_at: string | null;
}

const ALIASES = [
  ["flowport", "Access tokens", "What Flowport gives for a client’s secret or a user’s password. The first is made with the first client."],
  ["phixflow-api-key", "API keys", "The signed keys of PhixFlow’s clients. The first is made with the first API key, or brought along."],
] as const;
const KEY_BYTES = 32;

export function SigningKeys() {
  const list = useLoad("signing keys", (signal) => get<{ items: SigningKey[] }>("/v1/admin/keys", signal));
  const [asking, setAsking] = useState<{ what: "make" | "retire" | "bring"; alias: string } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [said, setSaid] = useState("");
  const now = useNow(15_000);
  const act = async (path: string, done: string): Promise<void> => {
    setProblem(null);
    setSaid("");
    try {
      await post(`/v1/admin/keys/${path}`, path.endsWith("/retire") ? undefined : {});
      setSaid(done);
      list.again();
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const asked = list.data?.items.find((key) => key.alias === asking?.alias);
  return (
    <>
      <p class="hint">
        Signed tokens (JWT) are held to these keys, which nobody is ever shown. To exchange one: make a new key, let what the last one signed run out or be replaced, and retire it then.
      </p>
      {problem && <Notice problem={problem} />}
      {said && <Said>{said}</Said>}
      {list.problem && <Notice problem={list.problem} retry={list.again} />}
      {list.loading && <Loading what="signing keys" />}
      {list.data && (
        <ul class="rows signing">
          {ALIASES.map(([alias, title, say]) => {
            const key = list.data?.items.find((one) => one.alias === alias);
            return (
              <li key={alias}>
                <div class="row-main">
                  <span class="address">{title}</span>
                  <code class="faint">{alias}</code>
                  <span class="hint">{say}</span>
                </div>
                <dl class="row-facts">
                  <div>
                    <dt>Current since</dt>
                    <dd>{key?.created_at ? <Time at={key.created_at} now={now} /> : "none yet"}</dd>
                  </div>
                  <div>
                    <dt>Previous, of</dt>
                    <dd>{key?.previous_created_at ? <Time at={key.previous_created_at} now={now} /> : "none"}</dd>
                  </div>
                </dl>
                <span class="row-end wraps">
                  {key?.previous_created_at && (
                    <Button kind="quiet" aria-label={`Retire previous key of ${alias}`} onClick={() => setAsking({ what: "retire", alias })}>
                      Retire previous
                    </Button>
                  )}
                  <Button kind="quiet" aria-label={`Bring one for ${alias}`} onClick={() => setAsking({ what: "bring", alias })}>
                    Bring one
                  </Button>
                  <Button aria-label={`New key for ${alias}`} onClick={() => (key ? setAsking({ what: "make", alias }) : void act(alias, `${title} have their first key.`))}>
                    New key
                  </Button>
                </span>
              </li>
            );
          })}
        </ul>
      )}
      {asking?.what === "make" && (
        <Confirm
          title={`New key for ${asking.alias}?`}
          say={
            asked?.previous_created_at ? (
              <p>Two keys are valid: the previous one ends now, and every token that it signed is refused. The present one stays valid as the previous.</p>
            ) : (
              <p>It signs from now on. The present key stays valid as the previous one until it is retired, so that no token is refused.</p>
            )
          }
          action="Make a new key"
          danger={Boolean(asked?.previous_created_at)}
          onClose={() => setAsking(null)}
          onDo={() => act(asking.alias, `${asking.alias} has a new key; the last one is valid until it is retired.`)}
        />
      )}
      {asking?.what === "retire" && (
        <Confirm
          title={`Retire the previous key of ${asking.alias}?`}
          say={<p>Every token that it signed is refused, within a minute. The current key and its tokens stay.</p>}
          action="Retire it"
          danger
          onClose={() => setAsking(null)}
          onDo={() => act(`${asking.alias}/retire`, `The previous key of ${asking.alias} is retired.`)}
        />
      )}
      {asking?.what === "bring" && (
        <Bring
          alias={asking.alias}
          onClose={() => setAsking(null)}
          onDone={() => {
            setSaid(`${asking.alias} has the key that you brought.`);
            list.again();
          }}
        />
      )}
    </>
  );
}

function Bring({ alias, onClose, onDone }: { alias: string; onClose: () => void; onDone: () => void }) {
  const [value, setValue] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const size = new TextEncoder().encode(value).length;
  const wrong = size < KEY_BYTES ? `has ${size} bytes; at least ${KEY_BYTES} are needed` : undefined;
  const bring = async (): Promise<void> => {
    setTried(true);
    if (wrong) return;
    setBusy(true);
    try {
      await call(`/v1/admin/keys/${alias}`, { method: "POST", body: { value } });
      onDone();
      onClose();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Bring a key for ${alias}`} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void bring();
        }}
      >
        <div class="body">
          {problem && <Notice problem={problem} />}
          <p class="hint">The key that another system signs with (HS256), so that its tokens stay good here. The present key, if there is one, stays valid as the previous.</p>
          <Field label="Key" hint={`At least ${KEY_BYTES} bytes; it is not shown again`} error={tried || value ? wrong : undefined}>
            {(about) => <input {...about} type="password" autocomplete="off" spellcheck={false} value={value} onInput={(event) => setValue(event.currentTarget.value)} />}
          </Field>
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy}>
            Keep it
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

interface WebhookSecret {
  id: string;
  current: boolean;
  created_at: string;
}

export function WebhookSecrets() {
  const list = useLoad("webhook secrets", (signal) => get<{ items: WebhookSecret[] }>("/v1/admin/webhook-secrets", signal));
  const [retiring, setRetiring] = useState<WebhookSecret | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const now = useNow(15_000);
  const items = list.data?.items ?? [];
  const make = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      setMade((await post<{ secret: string }>("/v1/admin/webhook-secrets")).secret);
      list.again();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <div class="filters between">
        <p class="hint">
          Callbacks are signed with it, as Standard Webhooks has it. While two are valid, each callback carries both signatures: give the new one to every receiver, and retire the previous then.
        </p>
        {items.length > 0 && (
          <Button kind="primary" icon="plus" busy={busy} disabled={items.length > 1} onClick={() => void make()}>
            New secret
          </Button>
        )}
      </div>
      {items.length > 1 && <p class="hint">Two are valid. Retire the previous one before another is made.</p>}
      {problem && <Notice problem={problem} />}
      {list.problem && <Notice problem={list.problem} retry={list.again} />}
      {list.loading && <Loading what="webhook secrets" />}
      {list.data && items.length === 0 && (
        <Empty title="No webhook secret yet">
          <p>Endpoints can have callbacks once there is one.</p>
          <Button kind="primary" busy={busy} onClick={() => void make()}>
            Make the first one
          </Button>
        </Empty>
      )}
      {items.length > 0 && (
        <ul class="rows secrets">
          {items.map((secret) => (
            <li key={secret.id}>
              <div class="row-main">
                <code class="address breaks">{secret.id}</code>
                <span class="faint">
                  made <Time at={secret.created_at} now={now} />
                </span>
              </div>
              <span class="row-tags">
                <Tag look={secret.current ? "sync" : ""}>{secret.current ? "current" : "previous"}</Tag>
              </span>
              <span class="row-end">
                {!secret.current && (
                  <Button kind="quiet" aria-label={`Retire ${secret.id}`} onClick={() => setRetiring(secret)}>
                    Retire
                  </Button>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
      {made !== null && <Secrets title="A new webhook secret" say="Copy it now, for everybody who checks your callbacks. It is shown this once." items={[["secret", made]]} onClose={() => setMade(null)} />}
      {retiring && (
        <Confirm
          title="Retire the previous secret?"
          say={<p>Callbacks are signed with the current one alone from the next attempt on. Receivers that have only the previous one will refuse them.</p>}
          action="Retire it"
          danger
          onClose={() => setRetiring(null)}
          onDo={async () => {
            try {
              setProblem(null);
              await call(`/v1/admin/webhook-secrets/${encodeURIComponent(retiring.id)}`, { method: "DELETE" });
              list.again();
            } catch (error) {
              setProblem(asProblem(error));
            }
          }}
        />
      )}
    </>
  );
}
