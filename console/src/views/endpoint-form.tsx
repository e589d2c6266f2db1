import { useMemo, useState } from "preact/hooks";
import { all, call, endpointPath, get, Problem } from "../lib/api";
import { check, documentOf, draftOf, fieldOf, NEW, type Draft, type Errors } from "../lib/form";
import { asProblem, useLoad, useTitle } from "../lib/hooks";
import { go } from "../lib/router";
import type { Endpoint, Machine } from "../lib/types";
import { Button, Checks, Choices, Field, Heading, Link, Loading, Notice } from "../lib/ui";

export function EndpointForm(props: { module?: string; name?: string }) {
  const editing = props.module !== undefined && props.name !== undefined;
  const path = editing ? endpointPath(props.module!, props.name!) : "";
  useTitle(editing ? `Edit ${props.module}/${props.name}` : "New endpoint");
  const loaded = useLoad(editing ? `edit ${path}` : null, (signal) => get<Endpoint>(`/v1/admin/endpoints/${path}`, signal));
  if (!editing) return <Form start={NEW} />;
  if (loaded.problem) return <Notice problem={loaded.problem} retry={loaded.again} />;
  return loaded.data ? <Form key={loaded.data.version} start={draftOf(loaded.data)} present={loaded.data} /> : <Loading what="the endpoint" />;
}

function Form({ start, present }: { start: Draft; present?: Endpoint }) {
  const [draft, setDraft] = useState(start);
  const [touched, setTouched] = useState<Partial<Record<keyof Draft, boolean>>>({});
  const [refused, setRefused] = useState<Errors>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const machines = useLoad("machines", (signal) => all<Machine>("/v1/admin/machines", 500, signal));
  const errors = useMemo(() => check(draft), [draft]);
  const set = <K extends keyof Draft>(field: K, value: Draft[K]): void => {
    setDraft((before) => ({ ...before, [field]: value }));
    setTouched((before) => ({ ...before, [field]: true }));
    setRefused((before) => ({ ...before, [field]: undefined }));
  };
  const wrong = (field: keyof Draft): string | undefined => refused[field] ?? (touched[field] ? errors[field] : undefined);
  const text = (field: keyof Draft, label: string, hint: string, attributes: { placeholder?: string; mono?: boolean; disabled?: boolean; inputMode?: "numeric" } = {}) => (
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
  const area = (field: keyof Draft, label: string, hint: string, rows: number) => (
    <Field label={label} hint={hint} error={wrong(field)}>
      {(about) => (
        <textarea
          {...about}
          class="mono"
          rows={rows}
          spellcheck={false}
          value={draft[field] as string}
          onInput={(event) => set(field, event.currentTarget.value as never)}
        />
      )}
    </Field>
  );
  const save = async (): Promise<void> => {
    setTouched(Object.fromEntries(Object.keys(draft).map((field) => [field, true])));
    const first = Object.keys(errors)[0];
    if (first) {
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
      go(`endpoints/${path}`);
    } catch (error) {
      const found = asProblem(error);
      const byField: Errors = {};
      for (const one of found.errors) byField[fieldOf(one.pointer)] ??= fieldOf(one.pointer) === "rest" ? `${one.pointer} ${one.message}` : one.message;
      setRefused(byField);
      setProblem(found);
      window.scrollTo(0, 0);
    } finally {
      setBusy(false);
    }
  };
  const count = Object.keys(errors).length;
  return (
    <>
      <Heading
        title={present ? `Edit ${present.endpoint}` : "New endpoint"}
        sub={present ? undefined : "Publish a state machine as an authenticated API."}
        back={present ? [`endpoints/${endpointPath(present.module, present.name)}`, present.endpoint] : ["endpoints", "Endpoints"]}
      />
      {problem && <Notice problem={problem} />}
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
            <p class="faint address-line">
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

        <details class="card" open={(["input_schema", "output_schema", "output_mapping"] as const).some((field) => wrong(field) ?? draft[field])}>
          <summary>
            <h2>Schemas and mapping</h2>
          </summary>
          <p class="hint">
            Inputs are held to a JSON Schema (2020-12), which also fills in defaults; callers get of the output what a JMESPath expression makes of it.
          </p>
          {area("input_schema", "Input schema", "One JSON object; empty: any input", 7)}
          {text("output_mapping", "Output mapping", "For example result.{total: total_cents}; empty: the output as it is", { mono: true })}
          {area("output_schema", "Output schema", "For the documentation of the API", 4)}
        </details>

        <details class="card" open={["rate_requests", "rate_seconds", "concurrent", "ip_allow", "time_limit", "keep_jobs_days", "keep_payloads_days", "callback_url", "callback_hosts", "aliases", "rest"].some((field) => wrong(field as keyof Draft))}>
          <summary>
            <h2>Limits, callbacks, dialects</h2>
          </summary>
          <div class="pair">
            {area("ip_allow", "Addresses that may call", "Networks, one a line; empty for all", 3)}
            {area("aliases", "Aliases", "kind:id, one a line, for dialects that address by number", 3)}
          </div>
          <div class="triple">
            {text("rate_requests", "Calls at most", "Of all callers together; empty: as many as come", { inputMode: "numeric" })}
            {text("rate_seconds", "in seconds", "The time in which they are counted", { inputMode: "numeric" })}
            {text("concurrent", "Jobs at one time", "Empty: as many as come", { inputMode: "numeric" })}
          </div>
          <div class="triple">
            {text("time_limit", "Time limit in seconds", "Then the job is stopped", { inputMode: "numeric" })}
            {text("keep_jobs_days", "Days that jobs are kept", "Empty: as the stack does", { inputMode: "numeric" })}
            {text("keep_payloads_days", "Days that payloads are kept", "0: not at all", { inputMode: "numeric" })}
          </div>
          <div class="pair">
            {text("callback_url", "Callback", "Every job's end is sent there", { placeholder: "https://" })}
            {area("callback_hosts", "Hosts that callers may name", "One a line; empty for none", 2)}
          </div>
          {area("rest", "Further settings", "Everything else that an endpoint can say, as one JSON object: headers, parameters, dialects", 8)}
        </details>

        <div class="form-end">
          <Button kind="primary" type="submit" busy={busy}>
            {present ? "Save" : "Publish"}
          </Button>
          <Link to={present ? `endpoints/${endpointPath(present.module, present.name)}` : "endpoints"} class="button plain">
            Cancel
          </Link>
          <span class="faint" role="status">
            {count && Object.values(touched).some(Boolean) ? `${count} ${count === 1 ? "field is" : "fields are"} not right yet` : ""}
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
  const known = fitting.some((machine) => [machine.arn, ...machine.versions, ...machine.aliases].includes(props.value));
  const [byHand, setByHand] = useState(false);
  const typed = byHand || (props.machines !== null && props.value !== "" && !known);
  return (
    <Field label={props.label} error={props.error} hint={props.machines === null ? "Looking for machines…" : `${fitting.length} of this type may be published`}>
      {(about) => (
        <>
          <select
            {...about}
            value={typed ? "?" : props.value}
            onChange={(event) => {
              const value = event.currentTarget.value;
              setByHand(value === "?");
              props.onChange(value === "?" ? "" : value);
            }}
          >
            <option value="">none</option>
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
  );
}
