import { describe, expect, it } from "vitest";
import { extended, laid, parted, type Held, type Page } from "../src/lib/live";
import type { Job } from "../src/lib/types";

const job = (n: number, status = "SUCCEEDED"): Job => ({ id: `j${n}`, status, created_at: `2026-11-22T01:00:${String(n).padStart(2, "0")}.000Z` }) as unknown as Job;
const page = (...numbers: number[]): Page => ({ items: numbers.map((n) => job(n)), cursor: "more" });
const ids = (held: Held): string => held.jobs.map((one) => one.id).join(" ");
const start = laid(null, page(5, 4, 3), false);

describe("a live list", () => {
  it("is the newest page while nobody reads", () => expect(ids(laid(start, page(7, 6, 5), false))).toBe("j7 j6 j5"));
  it("keeps what moved past the page's end while somebody does", () => expect(ids(laid(start, page(7, 6, 5), true))).toBe("j7 j6 j5 j4 j3"));
  it("takes what is told anew of a job that it knows", () => {
    const held = laid(start, { items: [job(5, "FAILED"), job(4), job(3)], cursor: "more" }, true);
    expect(held.jobs.map((one) => one.status)).toEqual(["FAILED", "SUCCEEDED", "SUCCEEDED"]);
  });
  it("lets go of what was deleted, or fits the filters no more", () => expect(ids(laid(start, page(6, 5, 3), true))).toBe("j6 j5 j3"));
  it("begins anew where jobs may be missing in between", () => expect(ids(laid(start, page(30, 29, 28), true))).toBe("j30 j29 j28"));
  it("is the page where there is no other", () => expect(ids(laid(start, { items: [job(9)], cursor: null }, true))).toBe("j9"));
  it("goes on after older pages where those ended", () => {
    const more = extended(start, { items: [job(3), job(2)], cursor: "yet more" });
    expect(ids(more)).toBe("j5 j4 j3 j2");
    expect(laid(more, page(6, 5, 4), true)).toMatchObject({ cursor: "yet more", extended: true });
  });
  it("shows a reader nothing that came later, and counts it", () => {
    const jobs = page(7, 6, 5).items;
    expect(parted(jobs, job(5).created_at)).toMatchObject({ shown: [{ id: "j5" }], newer: 2 });
    expect(parted(jobs, null).newer).toBe(0);
    expect(parted(jobs, job(1).created_at).shown).toHaveLength(3);
  });
});
