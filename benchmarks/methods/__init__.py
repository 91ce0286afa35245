"""The methods: each module's `compress` makes what is shipped of a pretrained network.

`compress(base, data, settings, seed, folder)` takes the network, the data set, all settings
(see `settings.DEFAULTS`), the seed of training and a directory for its files. It returns a
`shipped.Shipped`.
"""
