"""Studies of many networks, what ours found, and the paper claim by claim.

analysis                        the design of a study, its networks and what is measured on them; knows no store
table, files, summary           its rows as Parquet files, networks from files, its numbers and tests
tables, reads, writes           studies in the store; ``migrations`` has their schema
jobs, cluster, settings         the background work, and the processes or clusters that it sends chunks to
pages, routes, templates        what is shown
commands                        ``pluriscope study``
collection, search, links       where else studies are met
bundled, seeding                the studies and findings that come with it
"""
