#!/bin/bash
# Dask workers as a Slurm job; they need the program and nothing else: no data folder, no database, no token.
#   sbatch --export=ALL,SCHEDULER=tcp://login1.cluster.example:8786 deploy/slurm-workers.sh
# The scheduler and `pluriscope work --cluster` run where the database is; see docs/deploying.md.
#SBATCH --job-name=pluriscope-workers
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --mem=64G
#SBATCH --time=08:00:00
#SBATCH --signal=TERM@60
set -euo pipefail
: "${SCHEDULER:?give the address of the scheduler, such as tcp://login1.cluster.example:8786}"
: "${PLURISCOPE_VENV:=$HOME/pluriscope/.venv}"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# one process of one thread for each core; what a worker that leaves was at is taken up by another
exec srun "$PLURISCOPE_VENV/bin/dask" worker "$SCHEDULER" \
    --nworkers "${SLURM_CPUS_PER_TASK:-1}" --nthreads 1 --no-dashboard \
    --local-directory "${TMPDIR:-/tmp}" --death-timeout 120 --memory-limit auto
