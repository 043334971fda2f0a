"""VAmEn's playing side: a latent space of breakbeats, turned into sound that follows the hand."""

__version__ = "0.1.0"
