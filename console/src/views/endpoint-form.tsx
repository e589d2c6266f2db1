import { useEffect, useMemo, useState } from "preact/hooks";
import { all, call, endpointPath, get, type Problem } from "../lib/api";
import { check, documentOf, draftOf, NEW, refusals, type Draft, type Errors } from "../lib/form";
import { parsedArn } from "../lib/format";
import { asProblem, useLoad, useTitle } from "../lib/hooks";
import { go, saved, useLeaving } from "../lib/router";
import { callbacksSet, familiesSet, keepingSet, limitsSet, originsSet, schemasSet } from "../lib/summaries";
import type { Endpoint, Machine } from "../lib/types";
import { Button, Checks, Choices, Failed, Field, Fold, Heading, Link, Loading, Notice } from "../lib/ui";
import { Families, Parameters, type Form as FormOf } from "./endpoint-form-parts";

/** How long nothing is typed before the API is asked what it thinks. */
const PAUSE = 700;

export function EndpointForm(props: { module?: string; name?: string }) {
  const editing = props.module !== undefined && props.name !== undefined;
  const path = editing ? endpointPath(props.module!, props.name!) : "";
  useTitle(editing ? `Edit ${props.module}/${props.name}` : "New endpoint");
  const loaded = useLoad(editing ? `edit ${path}` : null, (signal) => get<Endpoint>(`/v1/admin/endpoints/${path}`, signal));
  if (!editing) return <Form start={NEW} />;
  if (loaded.problem) return <Failed title={`Edit ${props.module}/${props.name}`} problem={loaded.problem} retry={loaded.again} back={["endpoints", "Endpoints"]} />;
  return loaded.data ? <Form key={loaded.data.version} start={draftOf(loaded.data)} present={loaded.data} reload={loaded.again} /> : <Loading what="the endpoint" />;
}

/** What the API would say of the draft, were it sent: asked when nothing is wrong that can be told here. */
function useOpinion(draft: Draft, right: boolean, present: Endpoint | undefined): { errors: Errors; asking: boolean } {
  const [said, setSaid] = useState<{ of: Draft; errors: Errors } | null>(null);
  useEffect(() => {
    if (!right || said?.of === draft) return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const path = endpointPath(draft.module, draft.name);
      call(`/v1/admin/endpoints/${path}?dry_run=true`, { method: "PUT", body: { ...documentOf(draft), enabled: present?.enabled ?? true }, signal: controller.signal }).then(
        () => setSaid({ of: draft, errors: {} }),
        (error: unknown) => {
          if (!controller.signal.aborted) setSaid({ of: draft, errors: refusals(asProblem(error), draft) });
        },
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [draft, right]);
  // What was said of the last draft holds until there is another answer, so that it does not flicker while one types.
  return { errors: right ? (said?.errors ?? {}) : {}, asking: right && said?.of !== draft };
}

function Form({ start, present, reload }: { start: Draft; present?: Endpoint; reload?: () => void }) {
  const [draft, setDraft] = useState(start);
  const [touched, setTouched] = useState<Record<string, boolean>>({});
  const [sent, setSent] = useState(false);
  const [refused, setRefused] = useState<Errors>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const machines = useLoad("machines", (signal) => all<Machine>("/v1/admin/machines", 500, signal));
  const errors = useMemo(() => check(draft), [draft]);
  // What an empty form lacks is not held against anybody before it was touched.
  const missing = useMemo(() => check(start), [start]);
  const right = Object.keys(errors).length === 0;
  const changed = draft !== start;
  const opinion = useOpinion(draft, right && changed, present);
  useLeaving(changed && !busy);
  const set = <K extends keyof Draft>(field: K, value: Draft[K]): void => {
    setDraft((before) => ({ ...before, [field]: value }));
    setTouched((before) => ({ ...before, [field]: true }));
    setRefused((before) => ({ ...before, [field]: undefined }));
  };
  const wrong = (field: string): string | undefined => refused[field] ?? opinion.errors[field] ?? (touched[field.split("/")[0]!] || sent || !(field in missing) ? errors[field] : undefined);
  const anyOf = (fields: string[]): boolean =>
    fields.some((field) => wrong(field) ?? Object.keys({ ...errors, ...opinion.errors, ...refused }).some((key) => key.startsWith(`${field}/`) && wrong(key)));
  const text: FormOf["text"] = (field, label, hint, attributes = {}) => (
    <Field label={label} hint={hint} error={wrong(field)}>
      {(about) => (
        <input
          {...about}
          type="text"
          class={attributes.mono ? "mono" : ""}
          placeholder={attributes.placeholder}
          disabled={attributes.disabled}
          inputMode={attributes.inputMode}
          spellcheck={false}
          autocomplete="off"
          value={draft[field] as string}
          onInput={(event) => set(field, event.currentTarget.value as never)}
        />
      )}
    </Field>
  );
  const area: FormOf["area"] = (field, label, hint, rows, placeholder) => (
    <Field label={label} hint={hint} error={wrong(field)}>
      {(about) => (
        <textarea
          {...about}
          class="mono"
          rows={rows}
          placeholder={placeholder}
          spellcheck={false}
          value={draft[field] as string}
          onInput={(event) => set(field, event.currentTarget.value as never)}
        />
      )}
    </Field>
  );
  const form: FormOf = { draft, set, wrong, text, area };
  const save = async (): Promise<void> => {
    setSent(true);
    if (!right) {
      requestAnimationFrame(() => document.querySelector<HTMLElement>("[aria-invalid=true], .wrong input")?.focus());
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      const body = documentOf(draft);
      const path = endpointPath(draft.module, draft.name);
      if (present) await call(`/v1/admin/endpoints/${path}`, { method: "PUT", body: { ...body, enabled: present.enabled }, headers: { "If-Match": `"${present.version}"` } });
      else await call("/v1/admin/endpoints", { method: "POST", body });
      saved();
      go(`endpoints/${path}`);
    } catch (error) {
      const found = asProblem(error);
      setRefused(refusals(found, draft));
      setProblem(found);
      window.scrollTo(0, 0);
    } finally {
      setBusy(false);
    }
  };
  const told = { ...errors, ...Object.fromEntries(Object.entries({ ...opinion.errors, ...refused }).filter(([, message]) => message)) };
  const count = Object.keys(told).length;
  const begun = sent || Object.values(touched).some(Boolean);
  return (
    <>
      <Heading
        title={present ? `Edit ${present.endpoint}` : "New endpoint"}
        sub={present ? undefined : "Publish a state machine as an authenticated API."}
        back={present ? [`endpoints/${endpointPath(present.module, present.name)}`, present.endpoint] : ["endpoints", "Endpoints"]}
      />
      {problem && <Notice problem={problem} />}
      {problem?.status === 412 && (
        <div class="notice warned">
          <div>Somebody changed the endpoint while you typed. Copy what you need, and load it as it is now.</div>
          <Button onClick={reload}>Load it anew</Button>
        </div>
      )}
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <section class="card">
          <h2>Address</h2>
          <div class="pair">
            {text("module", "Module", "The first part of its address", { placeholder: "billing", disabled: Boolean(present) })}
            {text("name", "Name", "The second part", { placeholder: "quote", disabled: Boolean(present) })}
          </div>
          {draft.module && draft.name && (
            <p class="faint address-line breaks">
              Called at <code>/v1/run/{endpointPath(draft.module, draft.name)}</code>
            </p>
          )}
          {text("title", "Title", "What people read; may be empty")}
        </section>

        <section class="card">
          <h2>State machines</h2>
          <p class="hint">
            Those whose owners consent: they carry the tag <code>flowport:publish</code>. Express answers fastest; Standard can be stopped, parked and redriven.
            With both, a call that waits runs Express and one that does not runs Standard.
          </p>
          {machines.problem && <Notice problem={machines.problem} retry={machines.again} />}
          <div class="pair">
            <MachineField kind="EXPRESS" label="Express" machines={machines.data} value={draft.express_arn} error={wrong("express_arn")} onChange={(arn) => set("express_arn", arn)} />
            <MachineField kind="STANDARD" label="Standard" machines={machines.data} value={draft.standard_arn} error={wrong("standard_arn")} onChange={(arn) => set("standard_arn", arn)} />
          </div>
          {text("log_group", "Log group", "Of the Express machine, so that its steps can be shown (log level ALL)", { mono: true, placeholder: "/aws/vendedlogs/states/…" })}
        </section>

        <section class="card">
          <h2>Calls</h2>
          <div class="pair">
            <Choices
              legend="A call without a preference"
              value={draft.mode}
              options={[
                ["sync", "waits"],
                ["async", "gets a job"],
              ]}
              onChange={(value) => set("mode", value)}
            />
            <Choices
              legend="It is answered with"
              value={draft.view}
              options={[
                ["job", "the job"],
                ["output", "the output"],
                ["http", "its own HTTP"],
              ]}
              onChange={(value) => set("view", value)}
            />
          </div>
          {(draft.view === "http" || draft.http_headers) && area("http_headers", "Headers that an output may set", "Beside the harmless ones, which need no leave: Set-Cookie and the like, one a line", 2)}
          <div class="pair">
            <Checks
              legend="Methods"
              error={wrong("methods")}
              values={draft.methods}
              options={[
                ["POST", "POST"],
                ["GET", "GET"],
              ]}
              onChange={(values) => set("methods", values)}
            />
            <Checks
              legend="Who may call"
              error={wrong("auth")}
              hint={draft.auth.includes("none") ? "Open to everybody who knows the address." : undefined}
              values={draft.auth}
              options={[
                ["token", "a token"],
                ["password", "a user"],
                ["none", "anybody"],
              ]}
              onChange={(values) => set("auth", values)}
            />
          </div>
          {area("sample", "Sample request", "Prefilled in “Try it”", 6)}
        </section>

        <Fold title="Limits" set={limitsSet(draft)} wrong={anyOf(["rate_requests", "rate_seconds", "concurrent", "time_limit"])}>
          <p class="hint">For all its callers together; a call beyond them is refused with 429 and told when to come again.</p>
          <div class="pair">
            {text("rate_requests", "Calls at most", "Empty: as many as come", { inputMode: "numeric" })}
            {text("rate_seconds", "in seconds", "60: a minute", { inputMode: "numeric" })}
          </div>
          <div class="pair">
            {text("concurrent", "Jobs at one time", "Empty: as many as come", { inputMode: "numeric" })}
            {text("time_limit", "Time limit in seconds", "Then a job is stopped; empty: the workflow’s own", { inputMode: "numeric" })}
          </div>
        </Fold>

        <Fold title="Where calls may come from" set={originsSet(draft)} wrong={anyOf(["cors", "ip_allow"])}>
          <div class="pair">
            {area("cors", "Pages of other origins (CORS)", "One a line; * for all; empty: none but those that the stack allows", 3, "https://shop.example.com")}
            {area("ip_allow", "Addresses that may call", "Networks, one a line; empty: from anywhere", 3, "192.0.2.0/24")}
          </div>
        </Fold>

        <Fold title="Keeping" set={keepingSet(draft)} wrong={anyOf(["keep_jobs_days", "keep_payloads_days"])}>
          <div class="pair">
            {text("keep_jobs_days", "Days that jobs are kept", "Empty: as long as the stack keeps them", { inputMode: "numeric" })}
            {text("keep_payloads_days", "Days that inputs and outputs are kept", "Empty: as long as the job; 0: not at all", { inputMode: "numeric" })}
          </div>
        </Fold>

        <Fold title="Callbacks" set={callbacksSet(draft)} wrong={anyOf(["callback_url", "callback_hosts"])}>
          <p class="hint">
            When a job ends it is sent there, signed with the workspace’s <Link to="credentials/webhook-secrets">webhook secret</Link>.
          </p>
          <div class="pair">
            {text("callback_url", "Every job’s end is sent to", "Empty: to nobody", { placeholder: "https://hooks.example.com/flowport" })}
            {area("callback_hosts", "Hosts that callers may name", "One a line, *.example.com for all below it; empty: none", 2)}
          </div>
        </Fold>

        <Fold title="Schemas and mapping" set={schemasSet(draft)} wrong={anyOf(["input_schema", "output_schema", "output_mapping"])}>
          <p class="hint">
            Inputs are held to a JSON Schema (2020-12), which also fills in defaults; callers get of the output what a JMESPath expression makes of it.
          </p>
          {area("input_schema", "Input schema", "One JSON object; empty: any input", 7)}
          {text("output_mapping", "Output mapping", "For example result.{total: total_cents}; empty: the output as it is", { mono: true })}
          {area("output_schema", "Output schema", "For the documentation of the API", 4)}
        </Fold>

        <Fold title="Parameters" set={draft.parameters.length ? draft.parameters.map((one) => one.name || "…").join(", ") : "none declared"} wrong={anyOf(["parameters"])}>
          <Parameters form={form} />
        </Fold>

        <Fold
          title="Other API families"
          set={familiesSet(draft)}
          wrong={anyOf(["alias_v10", "alias_workfloplus", "alias_theeye", "alias_nebulagraph", "iolinker_empty", "phixflow", "phixflow_output_name", "phixflow_success", "phixflow_fail", "phixflow_timeout", "phixflow_per_record", "phixflow_abandon", "theeye_arguments"])}
        >
          <Families form={form} />
        </Fold>

        <Fold title="As JSON" set={draft.rest.trim() === "{}" || !draft.rest.trim() ? "nothing beside the fields" : "settings without a field"} wrong={anyOf(["rest"])}>
          {area("rest", "Further settings", "What has no field here, as one JSON object; it goes out as it stands", 6)}
        </Fold>

        <div class="form-end sticky">
          <Button kind="primary" type="submit" busy={busy}>
            {present ? "Save" : "Publish"}
          </Button>
          <Link to={present ? `endpoints/${endpointPath(present.module, present.name)}` : "endpoints"} class="button plain">
            Cancel
          </Link>
          <span class={count && begun ? "error" : "faint"} role="status">
            {!begun ? "" : count ? `${count} ${count === 1 ? "field is" : "fields are"} not right yet` : opinion.asking ? "The API is asked…" : changed ? "The API would take it" : ""}
          </span>
        </div>
      </form>
    </>
  );
}

function MachineField(props: {
  kind: Machine["type"];
  label: string;
  machines: Machine[] | null;
  value: string;
  error?: string | undefined;
  onChange: (arn: string) => void;
}) {
  const fitting = (props.machines ?? []).filter((machine) => machine.type === props.kind);
  const of = fitting.find((machine) => [machine.arn, ...machine.versions, ...machine.aliases].includes(props.value));
  const [byHand, setByHand] = useState(false);
  const typed = byHand || (props.machines !== null && props.value !== "" && !of);
  const targets = of ? [...of.aliases.map((arn) => [arn, "alias"] as const), ...of.versions.map((arn) => [arn, "version"] as const)] : [];
  return (
    <div class="stacked">
      <Field label={props.label} error={props.error} hint={props.machines === null ? "Looking for machines…" : `${fitting.length} of this type may be published`}>
        {(about) => (
          <>
            <select
              {...about}
              value={typed ? "?" : (of?.arn ?? props.value)}
              onChange={(event) => {
                const value = event.currentTarget.value;
                setByHand(value === "?");
                props.onChange(value === "?" ? "" : value);
              }}
            >
              <option value="">none</option>
              {props.machines === null && props.value && <option value={props.value}>{parsedArn(props.value).name}</option>}
              {fitting.map((machine) => (
                <option value={machine.arn} key={machine.arn}>
                  {machine.name}
                </option>
              ))}
              <option value="?">another, by its ARN…</option>
            </select>
            {typed && (
              <input
                type="text"
                class="mono"
                spellcheck={false}
                aria-label={`ARN of the ${props.label} machine`}
                placeholder="arn:aws:states:…:stateMachine:…"
                value={props.value}
                onInput={(event) => props.onChange(event.currentTarget.value)}
              />
            )}
          </>
        )}
      </Field>
      {of && !typed && targets.length > 0 && (
        <Field label={`Version of the ${props.label} machine`} hint="Pinned, so that a new one can be tried and rolled back">
          {(about) => (
            <select {...about} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
              <option value={of.arn}>as it is now</option>
              {targets.map(([arn, what]) => (
                <option value={arn} key={arn}>
                  {what} {arn.split(":").pop()}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </div>
  );
}

