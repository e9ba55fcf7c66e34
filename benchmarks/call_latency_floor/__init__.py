"""The floor of ``benchmarks.call_latency``: an empty DAG and the trigger that starts it."""
