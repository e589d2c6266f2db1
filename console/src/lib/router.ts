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
if (typeof window !== "undefined") window.addEventListener("popstate", tell);

/** The address of a view, such as `jobs/123?x=1`. */
export const href = (path: string): string => consoleRoot() + path;

export function go(path: string, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", href(path));
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
