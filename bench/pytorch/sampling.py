"""Sampling in PyTorch: the fields, plans and batches that `npm run bench:sampling -- --export DIR` wrote.

    python3 bench/pytorch/sampling.py DIR [--out FILE] [--only WORD] [--solvers euler,heun] [--budget SECONDS]

Euler and Heun at NFE 10, eagerly, from a CUDA graph and by torch.compile, in float32, TF32, bfloat16 and float16.
Every variant first solves the exported latents and is compared with fewstep's end points: float32 must agree within
1e-3 of their norm, else its row fails; the error of lower precisions is reported. Then latents are drawn on the device
inside the timed region, as fewstep draws them; nothing is read back. What does not depend on the state is made once
for each noise level, except a network's time embedding, which is part of its evaluation.

PyTorch 1.13 or later; torch.compile where it is 2.0 or later and there is a GPU. Needs no other package.
"""

import argparse
import json
import math
import os
import platform
import statistics
import struct
import sys
import time
from pathlib import Path

import torch

TOLERANCE = 1e-3
REPEATS = 7
REPEAT_MS = 25.0
DTYPES = {"float32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
# Most telling first: a budget that runs out leaves the rest.
ORDER = ["narrow", "mixture", "wide", "data"]
# (how it is run, precision); the CPU has the first alone.
VARIANTS = [
    ("eager", "float32"),
    ("graph", "float32"),
    ("compile", "float32"),
    ("compile", "bf16"),
    ("compile", "tf32"),
    ("eager", "tf32"),
    ("compile", "f16"),
    ("graph", "bf16"),
]


def load_safetensors(path):
    """The tensors of a safetensors file, by name. Neither the package nor NumPy need be there."""
    content = bytearray(path.read_bytes())
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    dtypes = {"F32": (torch.float32, 4), "F64": (torch.float64, 8)}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        dtype, size = dtypes[entry["dtype"]]
        flat = torch.frombuffer(content, dtype=dtype, count=(last - first) // size, offset=8 + length + first)
        tensors[name] = flat.clone().reshape(entry["shape"])
    return tensors


class Mixture:
    """The posterior mean of a Gaussian mixture, with both sweeps over its components as products of matrices.

    r = softmax(|x|^2 c + x mu^T / v + b), D = x (r s^2 / v) + r (sigma^2 mu / v), v = s^2 + sigma^2. Of components of
    one width |x|^2 cancels. What depends on sigma alone is made in float64, once.
    """

    def __init__(self, subject, tensors, sigmas, device, dtype):
        means, stds = tensors["means"].double(), tensors["stds"].double()
        logs = torch.log(tensors["weights"].double() / tensors["weights"].double().sum())
        variances = (stds**2).expand(len(logs))
        self.one = stds.numel() == 1
        self.levels = {}
        for sigma in sigmas:
            v = variances + sigma**2
            b = logs - means.shape[1] / 2 * torch.log(v) - (means**2).sum(1) / (2 * v)
            level = (
                (-0.5 / v)[None, :],
                (means / v[:, None]).T.contiguous(),
                b[None, :],
                (variances / v)[:, None],
                sigma**2 * means / v[:, None],
            )
            # Logits reach 1e5: in half precision they are no logits, so weights are made in float32.
            self.levels[sigma] = tuple(
                tensor.to(device, dtype if i > 2 else torch.float32).contiguous() for i, tensor in enumerate(level)
            )
        self.kept = {sigma: float(variances[0] / (variances[0] + sigma**2)) for sigma in sigmas}
        self.dtype = dtype

    def denoised(self, x, sigma):
        c, products, b, kept, pull = self.levels[sigma]
        wide = x.float()
        logits = torch.addmm(b, wide, products)
        if self.one:
            pulled = torch.softmax(logits, 1).to(self.dtype) @ pull
            return torch.add(pulled, x, alpha=self.kept[sigma]) if self.kept[sigma] > 0 else pulled
        weights = torch.softmax(logits + (wide * wide).sum(1, keepdim=True) * c, 1).to(self.dtype)
        return x * (weights @ kept) + weights @ pull


class Network:
    """A SiLU network in EDM's preconditioning (arXiv 2206.00364, table 1), as src/mlp/reference.ts has it."""

    def __init__(self, subject, tensors, sigmas, device, dtype):
        self.sigma_data = subject["sigmaData"]
        names = [f"layers.{i}" for i in range(subject["layers"])] + ["output"]
        self.layers = [
            tuple(tensors[f"{name}.{part}"].to(device, dtype).contiguous() for part in ("weight", "time", "bias"))
            for name in names
        ]
        speeds = 2 * math.pi * tensors["frequencies"].double()
        angles = {sigma: speeds * (math.log(sigma) / 4) for sigma in sigmas}
        self.embeddings = {
            sigma: torch.cat([torch.cos(angle), torch.sin(angle)])[None, :].to(device, dtype)
            for sigma, angle in angles.items()
        }

    def denoised(self, x, sigma):
        spread = sigma**2 + self.sigma_data**2
        embedding = self.embeddings[sigma]
        hidden = x * (1 / math.sqrt(spread))
        for i, (weight, time_weight, bias) in enumerate(self.layers):
            shift = torch.addmm(bias, embedding, time_weight)
            hidden = torch.addmm(shift, hidden, weight)
            if i + 1 < len(self.layers):
                hidden = torch.nn.functional.silu(hidden)
        out = sigma * self.sigma_data / math.sqrt(spread)
        return x * (self.sigma_data**2 / spread) + hidden * out


def step_of(solver, field):
    """One step of a solver, from time t to the next."""

    def euler(x, t, following):
        return x + (x - field.denoised(x, t)) * ((following - t) / t)

    def heun(x, t, following):
        d = (x - field.denoised(x, t)) * (1 / t)
        predicted = x + d * (following - t)
        corrected = d + (predicted - field.denoised(predicted, following)) * (1 / following)
        return x + corrected * ((following - t) / 2)

    return {"euler": euler, "heun": heun}[solver]


def loop_of(step, times):
    """The whole trajectory from latents at times[0]."""

    def loop(x):
        for t, following in zip(times, times[1:]):
            x = step(x, t, following)
        return x

    return loop


class Timer:
    """Milliseconds of `count` calls, by CUDA events, or by the wall clock where there is no GPU."""

    def __init__(self, device):
        self.cuda = device.type == "cuda"

    def ms(self, call, count):
        if not self.cuda:
            begin = time.perf_counter()
            for _ in range(count):
                call()
            return 1000 * (time.perf_counter() - begin)
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        first.record()
        for _ in range(count):
            call()
        last.record()
        torch.cuda.synchronize()
        return first.elapsed_time(last)

    def spread(self, call):
        """Least, median and greatest milliseconds of one call, and how many calls a repeat made."""
        call()
        count = 1
        while True:
            took = self.ms(call, count)
            wanted = max(1, math.ceil(count * REPEAT_MS / max(took, 1e-3)))
            if wanted <= 2 * count or count >= 4096:
                break
            count = min(wanted, 8 * count, 4096)
        count = min(wanted, 4096)
        times = [self.ms(call, count) / count for _ in range(REPEATS)]
        return [min(times), statistics.median(times), max(times)], count


def graphed(sample, device):
    """A call that replays `sample` from a CUDA graph; the generator of torch.randn goes on between replays."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            sample()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = sample()
    return graph.replay, result


def compiled(step, times, mode):
    """A loop of compiled code: the whole of it, where that compiles."""
    import torch._dynamo

    torch._dynamo.reset()
    return torch.compile(loop_of(step, times), mode=mode, dynamic=False)


def relative(theirs, ours):
    return float((theirs.double() - ours.double()).norm() / ours.double().norm())


def set_tf32(allowed):
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def measure(subject, tensors, solver, times, batch, how, precision, device, mode):
    """One variant on one batch: its error on the check batch, then its times."""
    set_tf32(precision == "tf32")
    dtype = DTYPES[precision]
    field = {"mixture": Mixture, "network": Network}[subject["kind"]](subject, tensors, times, device, dtype)
    step = step_of(solver, field)
    loop = loop_of(step, times)
    scale = times[0]

    def draw():
        return torch.randn(batch, subject["dim"], device=device, dtype=dtype) * scale

    latents = tensors["latents"].to(device, dtype)
    begin = time.perf_counter()
    if how == "compile":
        loop = compiled(step, times, mode)
        # Compiled for the batch that is timed, so the check batch takes its first rows.
        filled = draw()
        rows = min(batch, len(latents))
        filled[:rows] = latents[:rows]
        ended = loop(filled)[:rows].clone()
    else:
        rows = len(latents)
        ended = loop(latents)
    difference = relative(ended.cpu(), tensors[solver][:rows])
    row = {"difference": difference}
    if device.type == "cuda":
        torch.cuda.synchronize()
    if how == "compile":
        row["compileSeconds"] = time.perf_counter() - begin
    if not math.isfinite(difference) or (precision == "float32" and difference > TOLERANCE):
        raise ArithmeticError(f"its end points are {difference:.1e} away from fewstep's")

    if how == "graph":
        call, _ = graphed(lambda: loop(draw()), device)
    elif how == "compile" and mode == "reduce-overhead":

        def call():
            torch.compiler.cudagraph_mark_step_begin()
            loop(draw())

    else:

        def call():
            loop(draw())

    row["ms"], row["count"] = Timer(device).spread(call)
    row["repeats"] = REPEATS
    row["trajectoriesPerSecond"] = 1000 * batch / row["ms"][1]
    return row


def describe(device):
    about = {"torch": torch.__version__, "python": platform.python_version(), "threads": torch.get_num_threads()}
    if device.type == "cuda":
        about.update(device=torch.cuda.get_device_name(device), cuda=torch.version.cuda)
    else:
        about.update(device="CPU")
    return about


def table(header, rows):
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in [header, *rows])


def print_rows(rows, failures):
    header = ["field", "solver", "batch", "", "per second", "ms", "least", "most", "difference", "compiled in"]
    lines = []
    for row in rows:
        least, middle, most = (f"{ms:.3g}" for ms in row["ms"])
        compile_time = f"{row['compileSeconds']:.1f} s" if "compileSeconds" in row else ""
        name = f"{row['by']} {row['precision']}"
        rate = f"{row['trajectoriesPerSecond']:,.0f}"
        lines.append(
            [row["name"], row["solver"], f"{row['batch']:,}", name, rate, middle, least, most]
            + [f"{row['difference']:.1e}", compile_time]
        )
    print(table(header, lines))
    for failure in failures:
        print("failed: {by} {precision}, {name}, {solver}, batch {batch:,}: {message}".format(**failure))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what `npm run bench:sampling -- --export` wrote")
    parser.add_argument("--out", type=Path, help="where all figures go as JSON")
    parser.add_argument("--only", default="", help="subjects whose name has this")
    parser.add_argument("--solvers", default="euler,heun", help="of the exported plans")
    parser.add_argument("--variants", default="", help="as in 'eager float32,compile bf16'")
    parser.add_argument("--budget", type=float, default=95, help="seconds after which nothing new begins")
    parser.add_argument("--batch", type=int, help="in place of the exported ones")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--mode", default="reduce-overhead", help="of torch.compile on a GPU")
    asked = parser.parse_args()
    listing_file = asked.folder / "subjects.json"
    if not listing_file.exists():
        print(f"error: there is no {listing_file}", file=sys.stderr)
        print(f"  write it with npm run bench:sampling -- --export {asked.folder}", file=sys.stderr)
        sys.exit(2)
    begin = time.perf_counter()
    listing = json.loads(listing_file.read_text())
    device = torch.device(asked.device)
    cuda = device.type == "cuda"
    if not cuda:
        torch.set_num_threads(2)
    variants = VARIANTS if cuda else VARIANTS[:1]
    if not hasattr(torch, "compile"):
        variants = [variant for variant in variants if variant[0] != "compile"]
    if asked.variants:
        variants = [tuple(name.split()) for name in asked.variants.split(",")]
    # A loop of ten steps has no graph of its own to reuse: each shape compiles anew, and nothing is dynamic.
    mode = asked.mode if cuda else "default"

    subjects = [subject for subject in listing["subjects"] if asked.only in subject["name"]]
    subjects.sort(key=lambda subject: ORDER.index(subject["id"]) if subject["id"] in ORDER else len(ORDER))
    tensors = {subject["id"]: load_safetensors(asked.folder / subject["file"]) for subject in subjects}
    solvers = [solver for solver in asked.solvers.split(",") if solver in listing["times"]]
    work = [
        (subject, solver, batch, how, precision)
        # Round by round, so that a budget that runs out cuts the least telling: heun and the small batches.
        for solver in solvers
        for rank in (-1, 0)
        for how, precision in variants
        for subject in subjects
        for batch in ([asked.batch] if asked.batch else subject["batches"])[rank:][:1]
        if rank == -1 or (len(subject["batches"]) > 1 and not asked.batch)
    ]
    rows, failures = [], []
    torch.manual_seed(0)
    for subject, solver, batch, how, precision in work:
        what = {"id": subject["id"], "name": subject["name"], "solver": solver, "nfe": 10, "batch": batch}
        what.update(by=how, precision=precision)
        if time.perf_counter() - begin > asked.budget:
            failures.append({**what, "message": f"left out: {asked.budget:g} s had gone by"})
            continue
        print("{name}: {solver}, batch {batch}, {by} {precision}".format(**what), file=sys.stderr)
        try:
            with torch.no_grad():
                row = measure(
                    subject, tensors[subject["id"]], solver, listing["times"][solver], batch, how, precision, device, mode
                )
            rows.append({**what, **row})
        except Exception as error:  # whatever it is, the others are still worth measuring
            failures.append({**what, "message": f"{type(error).__name__}: {error}".split("\n")[0][:300]})
        if cuda:
            torch.cuda.empty_cache()

    position = {subject["id"]: i for i, subject in enumerate(subjects)}
    rows.sort(key=lambda row: (position[row["id"]], row["batch"], row["solver"]))
    print_rows(rows, failures)
    about = describe(device)
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    if asked.out:
        results = {
            "schema": "fewstep-bench-pytorch-1",
            "run": {**about, "mode": mode, "seconds": time.perf_counter() - begin, "command": " ".join(sys.argv)},
            "rows": rows,
            "failures": failures,
        }
        partial = asked.out.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps(results, indent=2) + "\n")
        partial.replace(asked.out)
        print(f"figures in {asked.out}")


if __name__ == "__main__":
    main()
