"""Work in parallel: processes on this machine, or a Dask cluster."""
