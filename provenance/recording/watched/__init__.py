"""What a command opens while it runs, and what that means: `provenance record`.

Nothing here needs a privilege. Three ways see what is opened: a hook in every Python process of the
command, inotify below the folders that are watched, and what changed on disk.
"""
