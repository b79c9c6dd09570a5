"""Every mart of one small centre, as text that is compared by equality. README.md says what is in it, and why."""
