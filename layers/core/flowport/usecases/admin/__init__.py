"""Administration: endpoints, credentials and workspaces. The gateway function never imports any of it."""
