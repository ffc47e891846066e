"""What a repository says of itself: one reader per place. Claims convict, they never acquit."""
