"""The application within this process, without a socket, and the live view of a notebook, which asks it so."""
