"""A copy of some pages as files, to be opened from a disk: `pluriscope export --static`.

The application itself answers every request, within this process and without a socket; what it sends is rewritten so
that links lead to files. What is included is decided first (:mod:`app.offline.selection`), by rules that are told to
the reader; :mod:`app.offline.site` is the driver.
"""
