# One objective on one carrier, for one pair of seeds.
rule unlearn:
    input:
        data="results/{study}/runs/data",
        target=target_of,
    output:
        directory("results/{study}/runs/{run}"),
    log:
        "results/{study}/logs/{run}.log",
    conda:
        "../../envs/torch.yaml"
    params:
        spec=unlearn_spec,
        code=stage_digest("unlearn"),
    shell:
        "grunflow unlearn --spec {params.spec:q} --code {params.code} --input data={input.data}"
        " --input target={input.target} --out {output} --log {log}"
