# The same workflow with every job in one image, for clusters that forbid conda (docs/cluster.md).
container: "grunflow.sif"


include: "Snakefile"
