"""Parked runs: park, answer, send the answer on, and what the sweep does about those where a process died."""
