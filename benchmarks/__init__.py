"""What loading deals costs, beside its floors and beside dlt: `python -m benchmarks.deals_load`."""
