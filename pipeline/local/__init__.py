"""The embedded local cloud: the same template on one machine. Only the CLI and tests import it."""
