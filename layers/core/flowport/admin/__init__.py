"""The admin surface: `/v1/admin/…` and bootstrap by direct invocation. pydantic is used here and nowhere else."""
