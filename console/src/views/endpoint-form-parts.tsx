// Of the endpoint's form, the parameters that it declares and what it says to each family of clients.
import type { ComponentChildren } from "preact";
import { TYPES, type ArgumentRow, type Draft, type ParameterRow } from "../lib/form";
import { Button, Icon, Toggle } from "../lib/ui";

type Texts = { [K in keyof Draft]: Draft[K] extends string ? K : never }[keyof Draft];

export interface Form {
  draft: Draft;
  set: <K extends keyof Draft>(field: K, value: Draft[K]) => void;
  wrong: (field: string) => string | undefined;
  text: (field: Texts, label: string, hint: ComponentChildren, attributes?: { placeholder?: string; mono?: boolean; disabled?: boolean; inputMode?: "numeric" }) => ComponentChildren;
  area: (field: Texts, label: string, hint: ComponentChildren, rows: number, placeholder?: string) => ComponentChildren;
}

export function Parameters({ form }: { form: Form }) {
  const { draft, set, wrong } = form;
  const rows = draft.parameters;
  const change = (index: number, part: Partial<ParameterRow>): void => set("parameters", rows.map((row, at) => (at === index ? { ...row, ...part } : row)));
  return (
    <>
      <p class="hint">
        What callers of PhixFlow and NebulaGraph may give by name, of which type, and what stands in for it. In the native contract the input schema does this.
      </p>
      {wrong("parameters") && <p class="error">{wrong("parameters")}</p>}
      <ul class="editor-rows">
        {rows.map((row, index) => {
          const nameWrong = wrong(`parameters/${index}/name`);
          const defaultWrong = wrong(`parameters/${index}/default`);
          return (
            <li key={index}>
              <div class="parameter">
                <label>
                  <span>Name</span>
                  <input type="text" spellcheck={false} autocomplete="off" aria-invalid={Boolean(nameWrong)} value={row.name} onInput={(event) => change(index, { name: event.currentTarget.value })} />
                </label>
                <label>
                  <span>Type</span>
                  <select value={row.type} onChange={(event) => change(index, { type: event.currentTarget.value })}>
                    <option value="">any</option>
                    {TYPES.map((type) => (
                      <option value={type}>{type}</option>
                    ))}
                  </select>
                </label>
                <label>
                  <span>Default (JSON)</span>
                  <input
                    type="text"
                    class="mono"
                    spellcheck={false}
                    autocomplete="off"
                    placeholder="none"
                    aria-invalid={Boolean(defaultWrong)}
                    value={row.default}
                    onInput={(event) => change(index, { default: event.currentTarget.value })}
                  />
                </label>
                <label>
                  <span>Of the task</span>
                  <input type="text" spellcheck={false} autocomplete="off" placeholder="all" value={row.task} onInput={(event) => change(index, { task: event.currentTarget.value })} />
                </label>
                <label class="check">
                  <input type="checkbox" checked={row.required} onChange={(event) => change(index, { required: event.currentTarget.checked })} />
                  needed
                </label>
                <Remove label={`Remove the parameter ${row.name || index + 1}`} onClick={() => set("parameters", rows.filter((_, at) => at !== index))} />
              </div>
              {(nameWrong ?? defaultWrong) && (
                <p class="error" role="status">
                  {nameWrong ? `The name ${nameWrong}` : `The default ${defaultWrong}`}
                </p>
              )}
            </li>
          );
        })}
      </ul>
      <div>
        <Button icon="plus" onClick={() => set("parameters", [...rows, { name: "", task: "", type: "string", required: false, default: "" }])}>
          Add a parameter
        </Button>
      </div>
    </>
  );
}

function Remove({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <button type="button" class="button quiet icon-only" aria-label={label} title={label} onClick={onClick}>
      <Icon name="trash" size={16} />
    </button>
  );
}

export function Families({ form }: { form: Form }) {
  const { draft, set, wrong, text, area } = form;
  return (
    <div class="families">
      <p class="hint">Clients of these systems can be pointed at this endpoint unchanged. Some address it by an id of their own.</p>
      <fieldset>
        <legend>iolinker</legend>
        <Toggle
          label="An output of null or {} counts as none"
          hint="Then data is an empty string in the answer"
          error={wrong("iolinker_empty")}
          on={draft.iolinker_empty}
          onChange={(on) => set("iolinker_empty", on)}
        />
      </fieldset>
      <fieldset>
        <legend>PhixFlow</legend>
        {area("alias_v10", "Names of version 10", "By which its URLs without an application name the action; one a line", 2)}
        <Toggle
          label="It has settings of its own"
          hint="Off: the family’s defaults"
          error={wrong("phixflow")}
          on={draft.phixflow}
          onChange={(on) => set("phixflow", on)}
        />
        {draft.phixflow && (
          <div class="settings">
            <div class="pair">
              {text("phixflow_output_name", "Name of the output", "In the answer’s JSON")}
              {text("phixflow_timeout", "Time-out in milliseconds", "Empty: the mode’s own", { inputMode: "numeric" })}
            </div>
            <div class="pair">
              {text("phixflow_success", "Message of success", "Empty: PhixFlow’s own")}
              {text("phixflow_fail", "Message of failure", "Empty: PhixFlow’s own")}
            </div>
            <Toggle label="Each record of an array is a job of its own" on={draft.phixflow_per_record} onChange={(on) => set("phixflow_per_record", on)} error={wrong("phixflow_per_record")} />
            <Toggle
              label="At the time-out, a run that cannot be aborted may go on"
              hint="AWS cannot stop an Express run; its job has timed out all the same"
              error={wrong("phixflow_abandon")}
              on={draft.phixflow_abandon}
              onChange={(on) => set("phixflow_abandon", on)}
            />
          </div>
        )}
      </fieldset>
      <fieldset>
        <legend>WorkfloPlus</legend>
        {area("alias_workfloplus", "Workflow ids", "As its clients send them in workflowId; one a line. Needs a Standard machine", 2)}
      </fieldset>
      <fieldset>
        <legend>TheEye</legend>
        {area("alias_theeye", "Task ids", "One a line; it is called as module.name without one", 2)}
        <Toggle
          label="The task declares its arguments"
          hint="Then a call with too few of them is refused; else it takes whatever is sent"
          on={draft.theeye_declared}
          onChange={(on) => set("theeye_declared", on)}
          error={wrong("theeye_arguments")}
        />
        {draft.theeye_declared && <Arguments form={form} />}
      </fieldset>
      <fieldset>
        <legend>NebulaGraph</legend>
        {area("alias_nebulagraph", "Workflow numbers", "As its clients have them; one a line. Needs a Standard machine or a log group", 2)}
      </fieldset>
    </div>
  );
}

function Arguments({ form: { draft, set, wrong } }: { form: Form }) {
  const rows = draft.theeye_arguments;
  const change = (index: number, part: Partial<ArgumentRow>): void => set("theeye_arguments", rows.map((row, at) => (at === index ? { ...row, ...part } : row)));
  return (
    <div class="settings">
      <ol class="editor-rows">
        {rows.map((row, index) => {
          const nameWrong = wrong(`theeye_arguments/${index}/name`);
          return (
            <li key={index}>
              <div class="argument">
                <label>
                  <span>Argument {index + 1}</span>
                  <input type="text" spellcheck={false} autocomplete="off" aria-invalid={Boolean(nameWrong)} value={row.name} onInput={(event) => change(index, { name: event.currentTarget.value })} />
                </label>
                <label class="check">
                  <input type="checkbox" checked={row.optional} onChange={(event) => change(index, { optional: event.currentTarget.checked })} />
                  may be left out
                </label>
                <Remove label={`Remove the argument ${row.name || index + 1}`} onClick={() => set("theeye_arguments", rows.filter((_, at) => at !== index))} />
              </div>
              {nameWrong && (
                <p class="error" role="status">
                  The name {nameWrong}
                </p>
              )}
            </li>
          );
        })}
      </ol>
      <div>
        <Button icon="plus" onClick={() => set("theeye_arguments", [...rows, { name: "", optional: false }])}>
          Add an argument
        </Button>
      </div>
    </div>
  );
}
