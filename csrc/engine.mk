# How the C of the engine is compiled; setup.py says the same. Included from the root of the tree.
# One file a further instruction set, and a definition that tells of it; not on macOS, where one
# library may serve two processors.

ENGINE := $(patsubst csrc/%.c,%,$(filter-out %_avx2.c,$(wildcard csrc/*.c)))
ifneq ($(filter x86_64-% amd64-%,$(shell $(CC) -dumpmachine)),)
ifneq ($(shell uname -s),Darwin)
ENGINE_AVX2 := $(patsubst csrc/%.c,%,$(wildcard csrc/*_avx2.c))
ENGINE_DEFINES := -DTPP_WITH_AVX2
endif
endif
# Of one object, by its name.
engine_flags = $(ENGINE_DEFINES) $(if $(filter %_avx2,$(1)),-mavx2)
