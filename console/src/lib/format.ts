// Numbers and times as people read them.

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.round((ms % 60_000) / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} d`;
}

export function ago(at: string | null | undefined, now: number): string {
  if (!at) return "never";
  const seconds = Math.round((now - Date.parse(at)) / 1000);
  if (seconds < 0) return until(-seconds);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

function until(seconds: number): string {
  if (seconds < 3600) return `in ${Math.max(1, Math.round(seconds / 60))} min`;
  if (seconds < 86_400) return `in ${Math.round(seconds / 3600)} h`;
  return `in ${Math.round(seconds / 86_400)} d`;
}

export function moment(at: string | null | undefined): string {
  if (!at) return "–";
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** A time to the millisecond: as one's own clock has it, with its zone, and as the API gives it. */
export function exact(at: string | null | undefined): string {
  if (!at) return "";
  const local = new Date(at).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  return `${local}\n${at}`;
}

/** A machine's name, and the version or alias of it that an ARN names. */
export function parsedArn(arn: string): { name: string; qualifier: string | null } {
  const [name = arn, qualifier = null] = (arn.split(":stateMachine:")[1] ?? arn).split(":");
  return { name, qualifier };
}

export function bytes(size: number): string {
  if (size < 10_000) return `${size.toLocaleString()} characters`;
  return size < 1_000_000 ? `${Math.round(size / 1000)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}

export function clock(at: number, withDate: boolean): string {
  const date = new Date(at);
  return withDate
    ? date.toLocaleDateString(undefined, { month: "short", day: "numeric" })
    : date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

export function count(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(value >= 100_000 ? 0 : 1)}k` : value.toLocaleString();
}

export const pretty = (value: unknown): string => JSON.stringify(value, null, 2) ?? "";

export const plural = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString()} ${n === 1 ? one : many}`;
