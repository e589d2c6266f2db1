// The view is in the page's path, below the console's root; filters are in its query.
import { useEffect, useState } from "preact/hooks";
import { consoleRoot } from "./api";

export interface Place {
  segments: string[];
  query: URLSearchParams;
}

export function placeOf(pathname: string, search: string, root: string): Place {
  const rest = pathname.startsWith(root) ? pathname.slice(root.length) : "";
  const segments = rest.split("/").filter(Boolean).map(decoded);
  return { segments, query: new URLSearchParams(search) };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const read = (): Place => placeOf(location.pathname, location.search, consoleRoot());
const listeners = new Set<() => void>();
const tell = (): void => listeners.forEach((listener) => listener());
/** Whether the view that is shown next is to take the focus: people who cannot see it hear where they are. */
let arriving = false;
/** Asked before one leaves a view; false stays. */
let leaving: (() => boolean) | null = null;
if (typeof window !== "undefined")
  window.addEventListener("popstate", () => {
    arriving = true;
    tell();
  });

export function arrived(): boolean {
  const was = arriving;
  arriving = false;
  return was;
}

/** What was typed is saved: nothing is asked any more. */
export const saved = (): void => {
  leaving = null;
};

/** Ask before what was typed is left behind, by a link of the page or by closing it. */
export function useLeaving(changed: boolean): void {
  useEffect(() => {
    if (!changed) return;
    const asks = (event: BeforeUnloadEvent): void => event.preventDefault();
    leaving = () => confirm("What you typed is not saved. Leave it?");
    window.addEventListener("beforeunload", asks);
    return () => {
      leaving = null;
      window.removeEventListener("beforeunload", asks);
    };
  }, [changed]);
}

/** The address of a view, such as `jobs/123?x=1`. */
export const href = (path: string): string => consoleRoot() + path;

export function go(path: string, replace = false): void {
  if (!replace && leaving && !leaving()) return;
  history[replace ? "replaceState" : "pushState"](null, "", href(path));
  if (!replace) arriving = true;
  tell();
  if (!replace) window.scrollTo(0, 0);
}

export function usePlace(): Place {
  const [place, setPlace] = useState(read);
  useEffect(() => {
    const listener = (): void => setPlace(read());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return place;
}

/** Change the query's filters in place; empty values leave it. */
export function setQuery(place: Place, changes: Record<string, string>): void {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  go(place.segments.map(encodeURIComponent).join("/") + (text ? `?${text}` : ""), true);
}
