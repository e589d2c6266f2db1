// From the points that the API gives to what charts draw.
import type { Figures, Point } from "./types";

export interface Totals {
  calls: number;
  failures: number;
  p50: number | null;
  p95: number | null;
}

/** All periods of a time, the empty ones too. */
export function timesOf(figures: Pick<Figures, "from" | "to" | "period">): number[] {
  const from = Date.parse(figures.from);
  const to = Date.parse(figures.to);
  const step = figures.period * 1000;
  return Array.from({ length: Math.max(0, Math.round((to - from) / step)) }, (_, index) => from + index * step);
}

/** Sum endpoints' points in each period; of percentiles, which cannot be summed, the middle one weighted by calls. */
export function byTime(times: number[], points: readonly Point[]): (Totals | null)[] {
  const found = new Map<number, Point[]>();
  for (const point of points) {
    const at = Date.parse(point.at);
    found.set(at, [...(found.get(at) ?? []), point]);
  }
  return times.map((time) => {
    const here = found.get(time);
    return here ? totals(here) : null;
  });
}

export function totals(points: readonly Point[]): Totals {
  const calls = points.reduce((sum, point) => sum + point.calls, 0);
  return {
    calls,
    failures: points.reduce((sum, point) => sum + point.failures, 0),
    p50: weighted(points, "p50_ms"),
    p95: weighted(points, "p95_ms"),
  };
}

function weighted(points: readonly Point[], member: "p50_ms" | "p95_ms"): number | null {
  const known = points.filter((point) => point[member] !== null && point.calls > 0);
  const calls = known.reduce((sum, point) => sum + point.calls, 0);
  return calls ? known.reduce((sum, point) => sum + (point[member] ?? 0) * point.calls, 0) / calls : null;
}

export function byEndpoint(points: readonly Point[]): Map<string, Point[]> {
  const found = new Map<string, Point[]>();
  for (const point of points) found.set(point.endpoint, [...(found.get(point.endpoint) ?? []), point]);
  return found;
}
