"""Measuring model files: what they cost on this machine, and how well they classify.

`cases` says what is measured, `measure` measures it (each case in a fresh process, `worker`), `stats` turns raw
values into figures, `checks` doubts them, `advice` chooses among the files, `store` keeps it all, and `report`,
`pictures` and `compare` show it.
"""
