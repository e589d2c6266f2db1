import { useState } from "preact/hooks";
import { all, post, type Problem } from "../lib/api";
import { KINDS, nameOf, standing, type Kind } from "../lib/grants";
import { asProblem, useLoad, useNow, useTitle } from "../lib/hooks";
import { go, setQuery, type Place } from "../lib/router";
import type { Credential } from "../lib/types";
import { Button, Confirm, Empty, Heading, Icon, Loading, Notice, Panel, Said, Tabs, Tag, Time } from "../lib/ui";
import { ChangeCredential, CredentialForm } from "./credential-form";
import { SetPassword, Unlock } from "./passwords";
import { SigningKeys, WebhookSecrets } from "./signing";

type Question = "revoke" | "change" | "password" | "unlock";
type Tab = Kind | "keys" | "webhook-secrets";

const OTHERS = [
  ["keys", "Signing keys"],
  ["webhook-secrets", "Webhook secrets"],
] as const;
const TABS: (readonly [Tab, string])[] = [...Object.entries(KINDS).map(([kind, known]) => [kind as Kind, known.tab] as const), ...OTHERS];
/** So many are seen at one time without a field that filters them. */
const FEW = 8;

/** `operator`: of the operators, of whom only tokens are known, which only the stack's owner makes. */
export function Credentials({ place, operator }: { place: Place; operator?: boolean }) {
  const tab = (operator ? undefined : TABS.find(([one]) => one === place.segments[1])?.[0]) ?? "tokens";
  const title = TABS.find(([one]) => one === tab)![1];
  useTitle(tab === "tokens" ? "Credentials" : title);
  const [making, setMaking] = useState(false);
  const kind = tab in KINDS ? (tab as Kind) : null;
  return (
    <>
      <Heading title="Credentials" sub={operator ? "Tokens of the stack’s operators." : "Who may call, and what."}>
        {kind && !operator && (
          <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
            New {KINDS[kind].one}
          </Button>
        )}
      </Heading>
      {!operator && <Tabs label="Kinds of credentials" tabs={TABS} at={tab} onChange={(next) => go(`credentials${next === "tokens" ? "" : `/${next}`}`, true)} />}
      <Panel id={tab}>
        {tab === "keys" && <SigningKeys />}
        {tab === "webhook-secrets" && <WebhookSecrets />}
        {kind && <List key={kind} kind={kind} place={place} operator={Boolean(operator)} making={making} onMaking={setMaking} />}
      </Panel>
    </>
  );
}

function List({ kind, place, operator, making, onMaking }: { kind: Kind; place: Place; operator: boolean; making: boolean; onMaking: (on: boolean) => void }) {
  const known = KINDS[kind];
  const list = useLoad(`credentials ${kind}`, (signal) => all<Credential>(`/v1/admin/${kind}`, 1000, signal));
  const [asking, setAsking] = useState<{ what: Question; of: Credential } | null>(null);
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [said, setSaid] = useState("");
  const now = useNow(15_000);
  const items = [...(list.data ?? [])].sort((a, b) => b.created_at.localeCompare(a.created_at));
  const valid = items.filter((one) => standing(one, now) === "valid");
  const wanted = (place.query.get("q") ?? "").toLowerCase();
  const shown = (over ? items : valid).filter((one) => `${one.name} ${nameOf(kind, one)} ${one.scopes} ${one.roles ?? ""} ${one.endpoints ?? ""}`.toLowerCase().includes(wanted));
  const ask = (what: Question, of: Credential): void => {
    setSaid("");
    setProblem(null);
    setAsking({ what, of });
  };
  return (
    <>
      <p class="hint">{operator ? "Made by flowport bootstrap --operator alone." : known.say}</p>
      {(items.length > FEW || wanted || items.length > valid.length) && (
        <div class="filters between">
          <label class="search">
            <Icon name="search" size={16} />
            <span class="unseen">Filter {known.tab}</span>
            <input type="search" placeholder="Filter by name, id, scope or endpoint" value={place.query.get("q") ?? ""} onInput={(event) => setQuery(place, { q: event.currentTarget.value })} />
          </label>
          {items.length > valid.length && (
            <label class="check">
              <input type="checkbox" checked={over} onChange={(event) => setOver(event.currentTarget.checked)} />
              Show {items.length - valid.length} revoked or expired
            </label>
          )}
        </div>
      )}
      {problem && <Notice problem={problem} />}
      {said && <Said>{said}</Said>}
      {list.problem && <Notice problem={list.problem} retry={list.again} />}
      {list.loading && <Loading what={known.tab.toLowerCase()} />}
      {list.data && shown.length === 0 && (
        <Empty title={wanted ? `No ${known.one} matches “${wanted}”` : valid.length < items.length ? `No ${known.one} is valid` : `No ${known.one} yet`}>
          {!wanted && !operator && (
            <Button kind="primary" onClick={() => onMaking(true)}>
              {items.length ? `Make a ${known.one}` : "Make the first one"}
            </Button>
          )}
        </Empty>
      )}
      {shown.length > 0 && (
        <ul class="rows credentials">
          {shown.map((credential) => {
            const state = standing(credential, now);
            return (
              <li class={state === "valid" ? "" : "off"} key={nameOf(kind, credential)}>
                <div class="row-main">
                  <span class="address">{credential.name}</span>
                  {kind !== "users" && <code class="faint">{nameOf(kind, credential)}</code>}
                </div>
                <Facts credential={credential} />
                <dl class="row-facts">
                  {"last_used_at" in credential && (
                    <div>
                      <dt>Last used</dt>
                      <dd>{credential.last_used_at ? <Time at={credential.last_used_at} now={now} /> : "never"}</dd>
                    </div>
                  )}
                  <div>
                    <dt>{state === "revoked" ? "Revoked" : state === "expired" ? "Expired" : "Expires"}</dt>
                    <dd>{(credential.revoked_at ?? credential.expires_at) ? <Time at={credential.revoked_at ?? credential.expires_at} now={now} /> : "never"}</dd>
                  </div>
                </dl>
                <span class="row-end wraps">
                  {state !== "revoked" && !operator && (
                    <Button kind="quiet" onClick={() => ask("change", credential)} aria-label={`Change ${credential.name}`}>
                      Change
                    </Button>
                  )}
                  {state !== "revoked" && kind === "users" && (
                    <>
                      <Button kind="quiet" onClick={() => ask("password", credential)} aria-label={`Password of ${credential.name}`}>
                        Password
                      </Button>
                      <Button kind="quiet" onClick={() => ask("unlock", credential)} aria-label={`Unlock ${credential.name}`}>
                        Unlock
                      </Button>
                    </>
                  )}
                  {state === "valid" ? (
                    <Button kind="quiet" onClick={() => ask("revoke", credential)} aria-label={`Revoke ${credential.name}`}>
                      Revoke
                    </Button>
                  ) : (
                    <Tag look="muted">{state}</Tag>
                  )}
                </span>
              </li>
            );
          })}
        </ul>
      )}
      {making && <CredentialForm kind={kind} onClose={() => onMaking(false)} onMade={list.again} />}
      {asking?.what === "change" && (
        <ChangeCredential
          kind={kind}
          credential={asking.of}
          onClose={() => setAsking(null)}
          onDone={(done) => {
            setSaid(done);
            list.again();
          }}
        />
      )}
      {asking?.what === "password" && <SetPassword name={asking.of.name} onClose={() => setAsking(null)} onDone={setSaid} />}
      {asking?.what === "unlock" && <Unlock name={asking.of.name} onClose={() => setAsking(null)} onDone={setSaid} onProblem={setProblem} />}
      {asking?.what === "revoke" && (
        <Confirm
          title={`Revoke ${asking.of.name}?`}
          say={<p>The very next request with it is refused, and it cannot be taken back. Runs that are under way go on.</p>}
          action="Revoke"
          danger
          onClose={() => setAsking(null)}
          onDo={async () => {
            try {
              await post(`/v1/admin/${kind}/${encodeURIComponent(nameOf(kind, asking.of))}/revoke`);
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

function Facts({ credential }: { credential: Credential }) {
  return (
    <span class="row-tags">
      {[...(credential.roles ?? []), ...credential.scopes].map((scope) => (
        <Tag look={scope === "admin" || scope === "administrator" || scope === "operator" ? "warned" : ""}>{scope}</Tag>
      ))}
      {credential.endpoints && (
        <Tag look="sync" title={credential.endpoints.join("\n")}>
          {credential.endpoints.length === 1 ? credential.endpoints[0] : `${credential.endpoints.length} endpoints`}
        </Tag>
      )}
      {credential.limits?.rate && (
        <Tag title="Calls at most">
          {credential.limits.rate.requests} / {credential.limits.rate.seconds} s
        </Tag>
      )}
      {credential.limits?.concurrent && <Tag title="Jobs at one time">{credential.limits.concurrent} at once</Tag>}
      {credential.brought && <Tag title="Chosen by people, and so easier to guess">brought along</Tag>}
    </span>
  );
}
