"""The container beside the user's: takes messages from the actor's queue, has them handled, and passes them on."""
