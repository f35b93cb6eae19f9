"""Published findings that byheart must reproduce: `python -m studies.NAME --quick`; see docs/reproductions.md."""
