"""Networks as the libraries of their users hold them: read by their parts, run beside what was read, and run
as circuits. One module for each library; a library is found where whoever made the network loaded it.
"""
