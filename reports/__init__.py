"""Report pages (Markdown, SQL, components) rendered to web pages and PDF."""
