{{ entity('social_posts') }}
