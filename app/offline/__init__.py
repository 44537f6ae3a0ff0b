"""A copy of some pages as files, to be opened from a disk: `pluriscope export --static`.

The application itself answers every request, within this process and without a socket
(:mod:`pluriscope.app.offline.site`); :mod:`pluriscope.app.offline.copy` goes from page to page and writes what it
finds, :mod:`pluriscope.app.as_file` makes a page into a file that needs no application.
"""
