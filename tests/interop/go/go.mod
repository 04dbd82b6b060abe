module mica-judge

go 1.21
