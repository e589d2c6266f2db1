// The parts that every view is made of.
import type { ComponentChildren, JSX } from "preact";
import { createPortal } from "preact/compat";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Problem } from "./api";
import { ago, bytes, exact, moment, pretty } from "./format";
import { arrived, go, href } from "./router";
import type { Status } from "./types";

const PATHS: Record<string, string> = {
  overview: "M3 12l3-5 4 8 3-6 2 3h6",
  endpoints: "M7 6h4a3 3 0 0 1 3 3v6a3 3 0 0 0 3 3M3 6a2 2 0 1 0 4 0 2 2 0 1 0-4 0M17 18a2 2 0 1 0 4 0 2 2 0 1 0-4 0",
  jobs: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  credentials: "M4 16a4 4 0 1 0 8 0 4 4 0 1 0-8 0M11 13l9-9M16 8l3 3",
  audit: "M7 3h8l4 4v14H7zM14 3v5h5M10 13h6M10 17h4",
  api: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14",
  plus: "M12 5v14M5 12h14",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6L6 18",
  clock: "M12 7v5l3 2M12 3a9 9 0 1 0 .01 0",
  play: "M8 5l11 7-11 7z",
  stop: "M7 7h10v10H7z",
  again: "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  back: "M15 5l-7 7 7 7",
  warn: "M12 4L2.5 20h19zM12 10v4M12 17h.01",
  sun: "M12 8a4 4 0 1 0 .01 0M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19",
  moon: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z",
  out: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  search: "M11 4a7 7 0 1 0 .01 0M16 16l4 4",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  minus: "M5 12h14",
  key: "M4 16a4 4 0 1 0 8 0 4 4 0 1 0-8 0M11 13l9-9M16 8l3 3",
  workspaces: "M4 20V8l8-4 8 4v12M4 20h16M9 20v-6h6v6",
  down: "M12 4v12M7 11l5 5 5-5M5 20h14",
  up: "M12 20V5M6 11l6-6 6 6",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
};

let names = 0;
/** A name of the page's own for an element. Preact's useId gives one twice where a part comes later than its neighbours. */
function useName(): string {
  return useState(() => `n${(names += 1)}`)[0];
}

export function Icon({ name, size = 18 }: { name: string; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name] ?? ""} />
    </svg>
  );
}

export function Link(props: { to: string; class?: string; children: ComponentChildren; current?: boolean; label?: string }) {
  return (
    <a
      href={href(props.to)}
      class={props.class}
      aria-current={props.current ? "page" : undefined}
      aria-label={props.label}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(props.to);
      }}
    >
      {props.children}
    </a>
  );
}

type ButtonProps = JSX.HTMLAttributes<HTMLButtonElement> & {
  kind?: "primary" | "plain" | "danger" | "quiet";
  busy?: boolean;
  icon?: string;
  type?: "button" | "submit";
  disabled?: boolean;
};

export function Button({ kind = "plain", busy, icon, children, disabled, type = "button", ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} class={`button ${kind}`} disabled={disabled || busy} aria-busy={busy || undefined}>
      {busy ? <span class="spinner small" aria-hidden="true" /> : icon ? <Icon name={icon} size={16} /> : null}
      {children}
    </button>
  );
}

const LOOKS: Record<string, [string, string]> = {
  ACCEPTED: ["waiting", "clock"],
  RUNNING: ["running", "play"],
  SUCCEEDED: ["good", "check"],
  FAILED: ["bad", "cross"],
  TIMED_OUT: ["bad", "clock"],
  ABORTED: ["muted", "stop"],
  CAUGHT: ["warned", "warn"],
  delivered: ["good", "check"],
  pending: ["waiting", "clock"],
  failed: ["bad", "cross"],
};

export const words = (status: string): string =>
  status.charAt(0).toUpperCase() + status.slice(1).toLowerCase().replace("_", " ");

export const lookOf = (status: string): string => LOOKS[status]?.[0] ?? "muted";

export function Badge({ status }: { status: Status | string }) {
  const [look, icon] = LOOKS[status] ?? ["muted", "clock"];
  return (
    <span class={`badge ${look}`}>
      <Icon name={icon} size={13} />
      {words(status)}
    </span>
  );
}

export function Tag({ children, look = "", title }: { children: ComponentChildren; look?: string; title?: string }) {
  return (
    <span class={`tag ${look}`} title={title}>
      {children}
    </span>
  );
}

export function Switch(props: { on: boolean; label: string; busy?: boolean; onChange: (on: boolean) => void }) {
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={props.on}
      aria-label={props.label}
      disabled={props.busy}
      onClick={() => props.onChange(!props.on)}
    >
      <span class="knob" />
    </button>
  );
}

export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <Button
      kind="quiet"
      icon={done ? "check" : "copy"}
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => setDone(true),
          () => selectText(text),
        );
      }}
    >
      <span aria-live="polite">{done ? "Copied" : label}</span>
    </Button>
  );
}

/** Where a page may not write to the clipboard (plain http), let people copy by hand. */
function selectText(text: string): void {
  const found = [...document.querySelectorAll("pre, code")].find((node) => node.textContent === text);
  if (found) getSelection()?.selectAllChildren(found);
}

/** What is longer is shown in part first: a browser takes its time to lay a megabyte out. */
const SHOWN_AT_MOST = 60_000;
const BLOCK = 20_000;

export function Code({ text, label, plain }: { text: string; label: string; plain?: boolean }) {
  const [whole, setWhole] = useState(false);
  const long = text.length > SHOWN_AT_MOST;
  return (
    <div class="code">
      <pre tabIndex={0} role="region" aria-label={label}>
        {!long ? plain ? text : <Json text={text} /> : whole ? blocks(text).map((block) => <span class="block">{block}</span>) : text.slice(0, SHOWN_AT_MOST)}
      </pre>
      <Copy text={text} />
      {long && (
        <p class="hint much">
          <span>{whole ? bytes(text.length) : `The first ${bytes(SHOWN_AT_MOST)} of ${bytes(text.length)}.`}</span>
          {!whole && (
            <Button kind="quiet" onClick={() => setWhole(true)}>
              Show everything
            </Button>
          )}
          <Button kind="quiet" icon="down" onClick={() => download(text, `${label.toLowerCase().replace(/[^a-z]+/g, "-")}.${plain ? "txt" : "json"}`, plain ? "text/plain" : "application/json")}>
            Download
          </Button>
        </p>
      )}
    </div>
  );
}

/** Cut at ends of lines where there are some, so that a browser lays out only what is seen. */
export function blocks(text: string, size = BLOCK): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at + size);
    const to = end < 0 ? Math.min(text.length, at + 10 * size) : Math.min(end + 1, at + 10 * size);
    found.push(text.slice(at, to));
    at = to;
  }
  return found;
}

/** A JSON value, written once and not at every turn of the page. */
export function Value({ value, label }: { value: unknown; label: string }) {
  const text = useMemo(() => pretty(value), [value]);
  return <Code text={text} label={label} />;
}

export function download(text: string, name: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function Json({ text }: { text: string }) {
  return useMemo(() => coloured(text), [text]);
}

function coloured(text: string) {
  const parts: ComponentChildren[] = [];
  let last = 0;
  for (const match of text.matchAll(TOKENS)) {
    parts.push(text.slice(last, match.index));
    const kind = match[1] ? (match[2] ? "key" : "text") : match[3] ? "word" : "number";
    parts.push(<span class={`j-${kind}`}>{match[1] ?? match[0]}</span>, match[2] ?? "");
    last = match.index + match[0].length;
  }
  parts.push(text.slice(last));
  return <>{parts}</>;
}

export function Notice({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <Icon name="warn" />
      <div>
        <strong>{problem.title}</strong>
        {problem.detail && <p>{problem.detail}</p>}
        {problem.errors.length > 0 && (
          <ul>
            {problem.errors.map((error) => (
              <li>
                {error.pointer && <code>{error.pointer}</code>} {error.message}
              </li>
            ))}
          </ul>
        )}
        {problem.requestId && <p class="faint">Request {problem.requestId}</p>}
      </div>
      {retry && (
        <Button kind="quiet" icon="again" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** A view that could not be loaded keeps its name and the way back. */
export function Failed(props: { title: string; problem: Problem; retry?: () => void; back?: [string, string] }) {
  return (
    <>
      <Heading title={props.problem.status === 404 ? "Not found" : props.title} {...(props.back ? { back: props.back } : {})} />
      <Notice problem={props.problem} {...(props.retry && props.problem.status !== 404 ? { retry: props.retry } : {})} />
    </>
  );
}

/** A moment in one's own time; to the millisecond and with its zone where one points. */
export function Time({ at, now, both }: { at: string | null | undefined; now?: number; both?: boolean }) {
  if (!at) return <>–</>;
  return (
    <>
      <time dateTime={at} title={exact(at)}>
        {now === undefined || both ? moment(at) : ago(at, now)}
      </time>
      {both && now !== undefined && <span class="faint"> {ago(at, now)}</span>}
    </>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> Loading {what}…
    </div>
  );
}

export function Empty(props: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <svg width="72" height="40" viewBox="0 0 72 40" aria-hidden="true" class="empty-art">
        <path d="M12 10h20a10 10 0 0 1 10 10 10 10 0 0 0 10 10h8" />
        <circle cx="10" cy="10" r="5" />
        <circle cx="62" cy="30" r="5" />
      </svg>
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

export function Heading(props: { title: string; sub?: ComponentChildren; back?: [string, string]; children?: ComponentChildren }) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const at = document.activeElement;
    if (arrived() && (!at || at === document.body || at instanceof HTMLAnchorElement)) title.current?.focus({ preventScroll: true });
  }, []);
  return (
    <header class="heading">
      <div>
        {props.back && (
          <Link to={props.back[0]} class="back">
            <Icon name="back" size={14} /> {props.back[1]}
          </Link>
        )}
        <h1 tabIndex={-1} ref={title}>
          {props.title}
        </h1>
        {props.sub && <div class="sub">{props.sub}</div>}
      </div>
      <div class="actions">{props.children}</div>
    </header>
  );
}

/** `stays`: what it shows is not seen again, so that no key and no cross closes it by mistake. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren; stays?: boolean }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useName();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return createPortal(
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!props.stays) props.onClose();
      }}
      onKeyDown={(event) => {
        // Pressed twice, browsers close a dialog without asking.
        if (event.key === "Escape" && props.stays) event.preventDefault();
      }}
    >
      <header>
        <h2 id={id}>{props.title}</h2>
        {!props.stays && (
          <button type="button" class="button quiet icon-only" aria-label="Close" onClick={props.onClose}>
            <Icon name="cross" size={16} />
          </button>
        )}
      </header>
      {props.children}
    </dialog>,
    document.body,
  );
}

export function Confirm(props: {
  title: string;
  say: ComponentChildren;
  action: string;
  danger?: boolean;
  /** What must be typed first, where nothing brings back what is lost. */
  typed?: string;
  onDo: () => Promise<void>;
  onClose: () => void;
}) {
  const [busy, setBusy] = useState(false);
  const [typed, setTyped] = useState("");
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <div class="body">
        {props.say}
        {props.typed !== undefined && (
          <Field label={`Type ${props.typed} to go on`}>
            {(about) => <input {...about} type="text" autocomplete="off" spellcheck={false} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />}
          </Field>
        )}
      </div>
      <footer>
        <Button onClick={props.onClose}>Keep it as it is</Button>
        <Button
          kind={props.danger ? "danger" : "primary"}
          busy={busy}
          disabled={props.typed !== undefined && typed !== props.typed}
          onClick={() => {
            setBusy(true);
            void props.onDo().finally(props.onClose);
          }}
        >
          {props.action}
        </Button>
      </footer>
    </Dialog>
  );
}

/** What is shown this once, with a button that copies it. */
export function Secrets(props: { title: string; say?: ComponentChildren; items: [string, string][]; onClose: () => void }) {
  return (
    <Dialog title={props.title} onClose={props.onClose} stays>
      <div class="body">
        <p class="notice warned">
          <Icon name="warn" />
          <span>{props.say ?? "Copy it now. It is shown this once: only its hash is kept."}</span>
        </p>
        {props.items.map(([name, text]) => (
          <div class="secret-of">
            {props.items.length > 1 && <span class="faint">{name}</span>}
            <p class="secret">
              <code>{text}</code>
              <Copy text={text} label={props.items.length > 1 ? `Copy ${name}` : "Copy"} />
            </p>
          </div>
        ))}
      </div>
      <footer>
        <Button kind="primary" onClick={props.onClose}>
          I have it
        </Button>
      </footer>
    </Dialog>
  );
}

export function Said({ children }: { children: ComponentChildren }) {
  return (
    <div class="notice good" role="status">
      <Icon name="check" />
      <div>{children}</div>
    </div>
  );
}

/** One thing that is so or not, with what it means. */
export function Toggle(props: { label: ComponentChildren; hint?: ComponentChildren; error?: string | undefined; on: boolean; disabled?: boolean; onChange: (on: boolean) => void }) {
  const id = useName();
  const about = props.error || props.hint ? `${id}-about` : undefined;
  return (
    <div class={`toggle ${props.error ? "wrong" : ""}`}>
      <label>
        <input
          type="checkbox"
          checked={props.on}
          disabled={props.disabled}
          aria-describedby={about}
          aria-invalid={Boolean(props.error)}
          onChange={(event) => props.onChange(event.currentTarget.checked)}
        />
        {props.label}
      </label>
      {about && (
        <p id={about} class={props.error ? "error" : "hint"}>
          {props.error ?? props.hint}
        </p>
      )}
    </div>
  );
}

/** A part of a form that is folded away, and says meanwhile what is set in it. */
export function Fold(props: { title: string; set: string; wrong: boolean; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="card fold" open={open || props.wrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{props.title}</h2>
        <span class={props.wrong ? "error" : "faint"}>{props.wrong ? "something is not right here" : open ? "" : props.set}</span>
      </summary>
      {props.children}
    </details>
  );
}

export function Field(props: {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: (attributes: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ComponentChildren;
}) {
  const id = useName();
  const about = props.error || props.hint ? `${id}-about` : undefined;
  return (
    <div class={`field ${props.error ? "wrong" : ""}`}>
      <label for={id}>{props.label}</label>
      {props.children({ id, "aria-describedby": about, "aria-invalid": Boolean(props.error) })}
      {about && (
        <p id={about} class={props.error ? "error" : "hint"}>
          {props.error ?? props.hint}
        </p>
      )}
    </div>
  );
}

export function Choices<T extends string>(props: {
  legend: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
  hidden?: boolean;
}) {
  const name = useName();
  return (
    <fieldset class="choices">
      <legend class={props.hidden ? "unseen" : ""}>{props.legend}</legend>
      <div class="segments">
        {props.options.map(([value, label]) => (
          <label class={value === props.value ? "on" : ""}>
            <input type="radio" name={name} value={value} checked={value === props.value} onChange={() => props.onChange(value)} />
            {label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Checks(props: {
  legend: string;
  hint?: string;
  error?: string | undefined;
  values: string[];
  options: readonly (readonly [string, string])[];
  onChange: (values: string[]) => void;
}) {
  return (
    <fieldset class={`checks ${props.error ? "wrong" : ""}`}>
      <legend>{props.legend}</legend>
      <div>
        {props.options.map(([value, label]) => (
          <label>
            <input
              type="checkbox"
              checked={props.values.includes(value)}
              onChange={(event) =>
                props.onChange(
                  event.currentTarget.checked ? [...props.values, value] : props.values.filter((one) => one !== value),
                )
              }
            />
            {label}
          </label>
        ))}
      </div>
      {(props.error || props.hint) && <p class={props.error ? "error" : "hint"}>{props.error ?? props.hint}</p>}
    </fieldset>
  );
}

export function Tabs<T extends string>(props: { label: string; tabs: readonly (readonly [T, string])[]; at: T; onChange: (at: T) => void }) {
  const room = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const chosen = room.current?.querySelector<HTMLElement>("[aria-selected=true]");
    if (room.current && chosen) room.current.scrollLeft = chosen.offsetLeft - (room.current.clientWidth - chosen.offsetWidth) / 2;
  }, [props.at]);
  const move = (by: number): void => {
    const index = props.tabs.findIndex(([value]) => value === props.at);
    const next = props.tabs[(index + by + props.tabs.length) % props.tabs.length];
    if (next) {
      props.onChange(next[0]);
      requestAnimationFrame(() => document.getElementById(`tab-${next[0]}`)?.focus());
    }
  };
  return (
    <div class="tabs" role="tablist" aria-label={props.label} ref={room}>
      {props.tabs.map(([value, label]) => (
        <button
          type="button"
          role="tab"
          id={`tab-${value}`}
          aria-selected={value === props.at}
          aria-controls={`panel-${value}`}
          tabIndex={value === props.at ? 0 : -1}
          onClick={() => props.onChange(value)}
          onKeyDown={(event) => {
            if (event.key === "ArrowRight") move(1);
            else if (event.key === "ArrowLeft") move(-1);
          }}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

export function Panel({ id, children }: { id: string; children: ComponentChildren }) {
  return (
    <div role="tabpanel" id={`panel-${id}`} aria-labelledby={`tab-${id}`}>
      {children}
    </div>
  );
}

export function Pairs({ items }: { items: [string, ComponentChildren][] }) {
  return (
    <dl class="pairs">
      {items.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
