"""The commands in README and on the site that are only composed, or only looked at, each with the reason."""

NOT_RUN = {
    "a fit as others here": (
        "fieldlab",
        "fieldlab field=gaussian signal=astronaut",
        "fieldlab signal=image signal.path=photo.png signal.size=256",
        "fieldlab field=gaussian field/network=siren",
        "fieldlab signal=image signal.path=photo.png signal.size=256 signal.channels=grey",
        "fieldlab field=gaussian split=checkerboard",
        "fieldlab field=gaussian split=random split.fraction=0.5",
        "fieldlab supervise=laplacian split=all field=tanh",
        "fieldlab signal=composite signal.path=a.png signal.other=b.png supervise=gradient split=all",
        "fieldlab signal=formula supervise=waves split=all field=tanh supervise.constraints.boundary.weight=50",
        "fieldlab field=relu field/encoding=bands field.learning_rate=5e-3",
        "fieldlab field=siren field/network=bumps field.learning_rate=1e-3",
        "fieldlab task=surface signal=cloud signal.path=bunny.ply field.learning_rate=1e-4 steps=6000",
        "fieldlab signal.size=512 steps=20000 checkpoint_minutes=5",
    ),
    "a fit of a minute, and one that goes on: tests/runs/test_duration.py, tests/tasks/fit/test_start.py": (
        "fieldlab seconds=60",
        "fieldlab start=runs/fit/siren-camera-s0-1a2b3c4d steps=1000",
    ),
    "a sweep as others here": (
        "fieldlab -m field=relu,gaussian,siren signal=camera,coffee seed=0,1,2 study=mine hydra.launcher.members=8",
        "fieldlab -m signal=image signal.path=photos field=relu,siren",
        "fieldlab -m field=gaussian field.encoding.sigma=2,5,10 seed=0,1,2 signal=coffee study=sigma",
        "fieldlab -m field=bands,positional,gaussian seed=0,1,2 study=presets",
        "fieldlab experiment=tune field=relu,siren seed=100,101 hydra.sweeper.trials=64",
        "fieldlab -m hydra/sweeper=optuna field=siren 'field.network.width=int(interval(32,256))' optimizer=adam study=wide",
        "fieldlab-report runs/mine",
        "fieldlab-report runs/mine --to experiments/mine",
    ),
    "a task that measures is swept in tests/runs/test_task.py": (
        "fieldlab -m task=blur task.sigma=0.5,1,2,4 signal=camera,coffee study=blurred",
        "fieldlab-report runs/blurred",
    ),
    "a visualisation or a roll as others here; each kind is run in tests/tasks": (
        "fieldlab task=visualize",
        'fieldlab task=visualize "objective=logits:7 - 0.5*tv" canvas=pixels transforms=none',
        "fieldlab task=visualize canvas=field field=siren field.network.width=96 task.magnify=4",
        'fieldlab task=visualize "objective=deepdream(layer2)" canvas.start=photo.png optimizer.lr=0.02',
        "fieldlab task=visualize photos=folder photos.folder=photos canvas=phase",
        "fieldlab task=roll goal.shifts=null goal.distance=12 shift_init=zero",
        "fieldlab task=roll warp=smooth_sawtooth warp.wrap.delta=0.001",
        "fieldlab task=roll warp=none field/encoding=periodic",
        "fieldlab task=roll goal=collage goal.towards.target=photo.png",
        "fieldlab task=roll goal=adversarial",
    ),
    "a study, many fits: tests/test_every_part.py and those beside it run its parts": (
        "fieldlab experiment=shapes",
        "fieldlab experiment=meshes signal.path=bunny.ply",
        "fieldlab experiment=features",
        "fieldlab experiment=rolling",
    ),
    "several processes: tests/runs/test_devices.py, tests/sweeps/test_executors.py": (
        "fieldlab signal.size=512 trainer=cpu trainer.devices=2 trainer.strategy=ddp",
        "fieldlab -m field=siren 'seed=range(64)' hydra/launcher=local",
        "fieldlab -m field=relu,siren seed=0,1 hydra/launcher=ray hydra.launcher.executor.address=auto",
        "fieldlab -m field=relu,siren seed=0,1 hydra/launcher=slurm hydra.launcher.executor.cluster=local",
    ),
    "a pretrained network, or one of the reader's": (
        'fieldlab task=visualize model=torchvision model.name=resnet50 "objective=layer4:[12,107]"',
        'fieldlab task=visualize model=timm model.name=vit_tiny_patch16_224 "objective=blocks.6:3" steps=512',
        'fieldlab task=visualize model=checkpoint "model.network={_target_: mine.Net}" model.path=net.pt model.channels=1'
        " model.size=[28,28] canvas/colors=none",
    ),
    "a few steps make no surface: tests/fitted/test_shape.py": ("fieldlab-query FOLDER --mesh bunny.ply --resolution 1024",),
    "installs, signs in or serves": (
        "pip install -c constraints.txt '.[docs]'",
        "mkdocs serve -f docs/mkdocs.yml",
        "wandb login",
        "wandb sync runs/mine/wandb/offline-run-* runs/mine/*/wandb/offline-run-*",
        "pip install -c constraints.txt torch torchvision --index-url https://download.pytorch.org/whl/cpu",
        "pip install -c constraints.txt '.[vision]'",
    ),
    "all of it takes minutes: its syntax is checked": ("scripts/quickstart", "scripts/test"),
}  # fmt: skip
LEFT_OUT = {line for lines in NOT_RUN.values() for line in lines}
