import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";

export interface Loaded<T> {
  data: T | null;
  problem: Problem | null;
  loading: boolean;
  again: () => void;
}

export const asProblem = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(0, "Something went wrong", String(error));

/** Load something when `key` changes, and again every `every` milliseconds while the page is seen. */
export function useLoad<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>, every = 0): Loaded<T> {
  const [state, setState] = useState<{ key: string | null; data: T | null; problem: Problem | null }>({
    key: null,
    data: null,
    problem: null,
  });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) return;
    const controller = new AbortController();
    latest.current(controller.signal).then(
      (data) => setState({ key, data, problem: null }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        setState((before) => ({ key, data: before.key === key ? before.data : null, problem: asProblem(error) }));
      },
    );
    return () => controller.abort();
  }, [key, turn]);
  useEffect(() => {
    if (!every || key === null) return;
    const timer = setInterval(() => {
      if (!document.hidden) setTurn((before) => before + 1);
    }, every);
    return () => clearInterval(timer);
  }, [key, every]);
  const fresh = state.key === key;
  return {
    data: fresh ? state.data : null,
    problem: fresh ? state.problem : null,
    loading: key !== null && !fresh,
    again: useCallback(() => setTurn((before) => before + 1), []),
  };
}

/** The time of day, told anew every few seconds. */
export function useNow(every = 5000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Flowport`;
  }, [title]);
}

/** The width of an element, as it changes. */
export function useWidth(): [(node: Element | null) => void, number] {
  const [width, setWidth] = useState(0);
  const observer = useRef<ResizeObserver | null>(null);
  const ref = useCallback((node: Element | null) => {
    observer.current?.disconnect();
    if (!node) return;
    setWidth(node.clientWidth);
    observer.current = new ResizeObserver(() => setWidth(node.clientWidth));
    observer.current.observe(node);
  }, []);
  return [ref, width];
}
